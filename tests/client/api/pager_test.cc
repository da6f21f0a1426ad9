#include "client/api/pager.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace basin::client::api {
namespace {

using IntPager = Pager<int>;

std::vector<int> ReadAll(IntPager pager) {
  std::vector<int> items;
  EXPECT_TRUE(pager.ForEach([&](int i) { return items.push_back(i), true; }).ok());
  return items;
}

TEST(PagerTest, ReadsEveryPageInOrder) {
  EXPECT_EQ(ReadAll(IntPager([](const std::string& token) -> absl::StatusOr<IntPager::Page> {
              if (token.empty()) return IntPager::Page{{1, 2}, "a"};
              if (token == "a") return IntPager::Page{{}, "b"};  // An empty page is not the end.
              return IntPager::Page{{3}, ""};
            })),
            (std::vector<int>{1, 2, 3}));
}

TEST(PagerTest, AnEmptyListHasNoItems) {
  EXPECT_EQ(ReadAll(IntPager([](const std::string&) { return IntPager::Page{}; })), std::vector<int>());
}

TEST(PagerTest, FetchesNoPageBeforeItIsNeeded) {
  int fetched = 0;
  IntPager pager([&](const std::string&) -> absl::StatusOr<IntPager::Page> {
    ++fetched;
    return IntPager::Page{{1, 2}, std::to_string(fetched)};
  });
  EXPECT_TRUE(pager.ForEach([](int i) { return i != 2; }).ok());
  EXPECT_EQ(fetched, 1);
}

TEST(PagerTest, AFailureOfALaterPageIsTheListsFailure) {
  IntPager pager([](const std::string& token) -> absl::StatusOr<IntPager::Page> {
    if (token.empty()) return IntPager::Page{{1}, "a"};
    return absl::DataLossError("page 17");
  });
  EXPECT_EQ(pager.ForEach([](int) { return true; }).code(), absl::StatusCode::kDataLoss);
}

TEST(PagerTest, AServerThatTurnsInACircleIsAnError) {
  IntPager pager([](const std::string&) { return IntPager::Page{{}, "same"}; });
  EXPECT_EQ(pager.Next().status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace basin::client::api
