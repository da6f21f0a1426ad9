#include <future>

#include "tests/server/rpc/test_server.h"
#include "tests/support/eventually.h"

namespace basin::server::rpc {
namespace {

using WorkerStub = v1::WorkerService::Stub;

class WaitingTest : public RpcTest {
 protected:
  v1::LeaseTrialsRequest LongLease(const std::string& worker) {
    v1::LeaseTrialsRequest request;
    request.set_worker_id(worker);
    request.set_max_trials(1);
    request.mutable_wait()->set_seconds(60);
    return request;
  }
  v1::GetSweepRequest Watch(const v1::Sweep& sweep) {
    v1::GetSweepRequest request;
    request.set_sweep(sweep.id());
    request.set_known_revision(sweep.revision());
    request.mutable_wait()->set_seconds(60);
    return request;
  }
};

TEST_F(WaitingTest, ACallForWorkIsAnsweredByANewSweep) {
  const std::string worker = Register();
  auto lease =
      std::async(std::launch::async, [&] { return Call(*workers_, &WorkerStub::LeaseTrials, LongLease(worker)); });
  const std::string id = Create().id();
  const auto response = lease.get();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->trials(0).sweep_id(), id);
}

TEST_F(WaitingTest, AWatcherIsAnsweredByAChange) {
  const v1::Sweep sweep = Get(Create().id());
  auto watch =
      std::async(std::launch::async, [&] { return Call(*sweeps_, &v1::SweepService::Stub::GetSweep, Watch(sweep)); });
  v1::PauseSweepRequest pause;
  pause.set_sweep(sweep.id());
  ASSERT_TRUE(Call(*sweeps_, &v1::SweepService::Stub::PauseSweep, pause).ok());
  const auto response = watch.get();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_GT(response->sweep().revision(), sweep.revision());
}

TEST_F(WaitingTest, ACallThatItsCallerGaveUpTakesNoTrial) {
  const std::string worker = Register();
  grpc::ClientContext context;
  std::promise<grpc::Status> done;
  const v1::LeaseTrialsRequest request = LongLease(worker);
  v1::LeaseTrialsResponse response;
  workers_->async()->LeaseTrials(&context, &request, &response,
                                 [&done](grpc::Status status) { done.set_value(status); });
  context.TryCancel();
  EXPECT_EQ(done.get_future().get().error_code(), grpc::StatusCode::CANCELLED);
  const std::string other = Register("other");
  v1::CreateSweepRequest single = DigitsRequest("digits", 1);
  single.mutable_spec()->mutable_limits()->set_max_parallel(1);
  // The cancellation may still be on its way: such a trial would be queued again when its lease ends.
  ASSERT_TRUE(Call(*sweeps_, &v1::SweepService::Stub::CreateSweep, single).ok());
  EXPECT_TRUE(tests::Eventually([&] { return Lease(other).size() == 1; }));
}

TEST_F(WaitingTest, AShutdownAnswersThoseWhoWait) {
  const v1::Sweep sweep = Get(Create().id());
  v1::CancelSweepRequest cancel;
  cancel.set_sweep(sweep.id());
  const v1::Sweep cancelled = Call(*sweeps_, &v1::SweepService::Stub::CancelSweep, cancel)->sweep();
  const std::string worker = Register();
  std::promise<grpc::Status> leased, watched;
  grpc::ClientContext lease_context, watch_context;
  const v1::LeaseTrialsRequest lease = LongLease(worker);
  const v1::GetSweepRequest watch = Watch(cancelled);
  v1::LeaseTrialsResponse lease_response;
  v1::GetSweepResponse watch_response;
  workers_->async()->LeaseTrials(&lease_context, &lease, &lease_response,
                                 [&](grpc::Status status) { leased.set_value(status); });
  sweeps_->async()->GetSweep(&watch_context, &watch, &watch_response,
                             [&](grpc::Status status) { watched.set_value(status); });
  // On the same connections: the two calls came before these.
  Get(sweep.id());
  Register("another");
  server_->Shutdown();
  EXPECT_TRUE(leased.get_future().get().ok());
  EXPECT_TRUE(watched.get_future().get().ok());
}

}  // namespace
}  // namespace basin::server::rpc
