#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::ElementsAre;

using SweepStub = v1::SweepService::Stub;

class PagingTest : public RpcTest {
 protected:
  // The number of elements of each page.
  template <typename Request, typename Response>
  std::vector<int> PageSizes(grpc::Status (SweepStub::*method)(grpc::ClientContext*, const Request&, Response*),
                             Request request, int (Response::*size)() const) {
    std::vector<int> sizes;
    do {
      const auto response = Call(*sweeps_, method, request);
      EXPECT_TRUE(response.ok()) << response.status();
      if (!response.ok()) return sizes;
      sizes.push_back(((*response).*size)());
      request.set_page_token(response->next_page_token());
    } while (!request.page_token().empty() && sizes.size() < 100);
    return sizes;
  }
};

TEST_F(PagingTest, EveryListEndsAfterItsLastElement) {
  Create("digits", 5);
  RunAll(Register());
  v1::ListTrialsRequest trials;
  trials.set_sweep("digits");
  trials.set_page_size(4);
  EXPECT_THAT(PageSizes(&SweepStub::ListTrials, trials, &v1::ListTrialsResponse::trials_size), ElementsAre(4, 4, 2));
  v1::ListMetricPointsRequest points;
  points.set_sweep("digits");
  points.set_page_size(16);
  EXPECT_THAT(PageSizes(&SweepStub::ListMetricPoints, points, &v1::ListMetricPointsResponse::points_size),
              ElementsAre(16, 14));
  v1::ListResultsRequest results;
  results.set_sweep("digits");
  results.set_page_size(1);
  EXPECT_THAT(PageSizes(&SweepStub::ListResults, results, &v1::ListResultsResponse::results_size), ElementsAre(1, 1));
  for (const char* name : {"a", "b", "c"}) {
    Create(name);
    Register(name);
  }
  v1::ListSweepsRequest sweeps;
  sweeps.set_page_size(3);
  EXPECT_THAT(PageSizes(&SweepStub::ListSweeps, sweeps, &v1::ListSweepsResponse::sweeps_size), ElementsAre(3, 1));
  v1::ListWorkersRequest workers;
  workers.set_page_size(2);
  EXPECT_THAT(PageSizes(&SweepStub::ListWorkers, workers, &v1::ListWorkersResponse::workers_size), ElementsAre(2, 2));
}

TEST_F(PagingTest, ATokenOfAnotherListIsRefused) {
  Create("digits", 5);
  RunAll(Register());
  v1::ListTrialsRequest trials;
  trials.set_sweep("digits");
  trials.set_page_size(4);
  const std::string token = Call(*sweeps_, &SweepStub::ListTrials, trials)->next_page_token();
  v1::ListResultsRequest results;
  results.set_sweep("digits");
  results.set_page_token(token);
  EXPECT_THAT(Call(*sweeps_, &SweepStub::ListResults, results).status(), IsViolationAt("page_token"));
  trials.add_states(v1::TRIAL_STATE_FAILED);
  trials.set_page_token(token);
  EXPECT_THAT(Call(*sweeps_, &SweepStub::ListTrials, trials).status(), IsViolationAt("page_token"));
}

TEST_F(PagingTest, ATokenThatIsNoneIsRefused) {
  Create();
  v1::ListTrialsRequest request;
  request.set_sweep("digits");
  for (const char* token : {"x", "!!!", "AAAAAAAAAAAAAAAAAAAAAAAA"}) {
    request.set_page_token(token);
    EXPECT_THAT(Call(*sweeps_, &SweepStub::ListTrials, request).status(), IsViolationAt("page_token"));
  }
}

TEST_F(PagingTest, ALongPageIsRefused) {
  v1::ListSweepsRequest request;
  request.set_page_size(1001);
  EXPECT_THAT(Call(*sweeps_, &SweepStub::ListSweeps, request).status(), IsViolationAt("page_size"));
}

}  // namespace
}  // namespace basin::server::rpc
