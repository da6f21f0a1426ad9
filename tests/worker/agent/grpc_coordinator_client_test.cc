#include "worker/agent/grpc_coordinator_client.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "grpcpp/create_channel.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace basin::worker::agent {
namespace {

constexpr MonoTime kLong = std::chrono::seconds(300);

// Answers no call but those that are cancelled.
class SilentService : public v1::WorkerService::Service {
 public:
  grpc::Status LeaseTrials(grpc::ServerContext* context, const v1::LeaseTrialsRequest*,
                           v1::LeaseTrialsResponse*) override {
    return Hold(*context);
  }
  grpc::Status DownloadWeights(grpc::ServerContext* context, const v1::DownloadWeightsRequest*,
                               grpc::ServerWriter<v1::DownloadWeightsResponse>*) override {
    return Hold(*context);
  }
  void AwaitCalls(int calls) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ >= calls; });
  }

 private:
  grpc::Status Hold(const grpc::ServerContext& context) {
    {
      const std::lock_guard lock(mutex_);
      ++calls_;
      changed_.notify_all();
    }
    while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return grpc::Status::CANCELLED;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
};

class GrpcCoordinatorClientTest : public testing::Test {
 protected:
  GrpcCoordinatorClientTest() {
    int port = 0;
    server_ = grpc::ServerBuilder()
                  .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port)
                  .RegisterService(&service_)
                  .BuildAndStart();
    client_ = std::make_unique<GrpcCoordinatorClient>(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }

  SilentService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<GrpcCoordinatorClient> client_;
};

TEST_F(GrpcCoordinatorClientTest, CancelledDownloadsEndThoseUnderWayAndThoseToComeAndNothingElse) {
  absl::Status leased, downloaded;
  std::thread lease([&] { leased = client_->Lease({}, kLong).status(); });
  std::thread download([&] { downloaded = client_->DownloadWeights({}, kLong).status(); });
  service_.AwaitCalls(2);
  client_->CancelDownloads();
  download.join();
  EXPECT_TRUE(absl::IsCancelled(downloaded)) << downloaded;
  EXPECT_TRUE(absl::IsCancelled(client_->DownloadWeights({}, kLong).status()));
  EXPECT_TRUE(absl::IsCancelled(client_->DownloadCheckpoint({}, kLong).status()));

  std::thread another([&] { EXPECT_TRUE(absl::IsCancelled(client_->Lease({}, kLong).status())); });
  service_.AwaitCalls(3);
  client_->CancelLeases();
  lease.join();
  another.join();
  EXPECT_TRUE(absl::IsCancelled(leased)) << leased;
  EXPECT_TRUE(absl::IsCancelled(client_->Lease({}, kLong).status()));
}

TEST_F(GrpcCoordinatorClientTest, ACallEndsAtItsDeadline) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(client_->DownloadWeights({}, std::chrono::milliseconds(50)).status()));
}

}  // namespace
}  // namespace basin::worker::agent
