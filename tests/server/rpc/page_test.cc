#include "server/rpc/page.h"

#include <vector>

#include "basin/v1/sweep_service.pb.h"
#include "gtest/gtest.h"

namespace basin::server::rpc {
namespace {

TEST(PageTest, AScopeIsTheFiltersAndTheSweep) {
  v1::ListTrialsRequest request;
  const std::string scope = PageScope(request, "a");
  request.set_page_size(7);
  request.set_page_token("t");
  request.set_sweep("prefix");
  EXPECT_EQ(PageScope(request, "a"), scope);
  EXPECT_NE(PageScope(request, "b"), scope);
  request.add_states(v1::TRIAL_STATE_FAILED);
  EXPECT_NE(PageScope(request, "a"), scope);
}

TEST(PageTest, APageHoldsAtLeastOneElement) {
  std::vector<v1::Trial> trials(3);
  EXPECT_EQ(CountThatFits(trials), 3u);
  trials[0].set_message(std::string(kMaxPageBytes + 1, 'x'));
  EXPECT_EQ(CountThatFits(trials), 1u);
}

}  // namespace
}  // namespace basin::server::rpc
