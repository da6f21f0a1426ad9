#include <filesystem>
#include <fstream>

#include "proto/contract/channel.h"
#include "proto/contract/digest.h"
#include "proto/contract/status.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// A worker that holds a trial.
class CheckpointStreamsTest : public RpcTest {
 protected:
  CheckpointStreamsTest() {
    Create();
    worker_ = Register();
    lease_ = Lease(worker_, 1).at(0);
  }
  absl::Status Upload(const std::string& bytes, uint64_t step, const std::string& sha256, uint64_t declared) {
    grpc::ClientContext context;
    v1::UploadCheckpointResponse response;
    const auto stream = workers_->UploadCheckpoint(&context, &response);
    v1::UploadCheckpointRequest request;
    v1::CheckpointHeader& header = *request.mutable_header();
    header.set_worker_id(worker_);
    header.set_sweep_id(lease_.sweep_id());
    header.set_index(lease_.index());
    header.set_attempt(lease_.attempt());
    header.set_step(step);
    header.set_bytes(declared);
    bool open = stream->Write(request);
    for (size_t begin = 0; open && begin < bytes.size(); begin += 1000000) {
      request.set_data(bytes.substr(begin, 1000000));
      open = stream->Write(request);
    }
    request.set_sha256(sha256);
    if (open) stream->WriteLast(request, grpc::WriteOptions());
    return contract::FromGrpc(stream->Finish());
  }
  absl::Status Upload(const std::string& bytes, uint64_t step) {
    return Upload(bytes, step, contract::Sha256Hex(bytes), bytes.size());
  }
  absl::StatusOr<std::string> Download(const std::string& sha256) {
    grpc::ClientContext context;
    v1::DownloadCheckpointRequest request;
    request.set_worker_id(worker_);
    request.set_sweep_id(lease_.sweep_id());
    request.set_index(lease_.index());
    request.set_attempt(lease_.attempt());
    request.set_sha256(sha256);
    const auto stream = workers_->DownloadCheckpoint(&context, request);
    v1::DownloadCheckpointResponse piece;
    std::string bytes;
    while (stream->Read(&piece)) bytes += piece.data();
    if (absl::Status status = contract::FromGrpc(stream->Finish()); !status.ok()) return status;
    return bytes;
  }
  std::filesystem::path PathOf(const std::string& sha256) const { return dir_.path() / "artifacts" / sha256; }

  std::string worker_;
  v1::LeasedTrial lease_;
};

TEST_F(CheckpointStreamsTest, ALeasedTrialSaysHowOftenToSave) {
  EXPECT_FALSE(lease_.has_checkpoint());
  EXPECT_EQ(lease_.checkpointing().every_seconds(), 60);
}

TEST_F(CheckpointStreamsTest, OneThatIsLargerThanAMessageComesBackWithTheNextLease) {
  std::string bytes(6 << 20, 'x');
  for (size_t i = 0; i < bytes.size(); i += 97) bytes[i] = static_cast<char>(i);
  const absl::Status uploaded = Upload(bytes, 12);
  ASSERT_TRUE(uploaded.ok()) << uploaded;
  v1::UnregisterWorkerRequest leave;
  leave.set_worker_id(worker_);
  ASSERT_TRUE(Call(*workers_, &v1::WorkerService::Stub::UnregisterWorker, leave).ok());
  worker_ = Register("heir");
  lease_ = Lease(worker_, 1).at(0);
  EXPECT_EQ(lease_.attempt(), 2u);
  EXPECT_EQ(lease_.checkpoint().step(), 12u);
  EXPECT_EQ(lease_.checkpoint().bytes(), bytes.size());
  const auto downloaded = Download(lease_.checkpoint().sha256());
  ASSERT_TRUE(downloaded.ok()) << downloaded.status();
  EXPECT_EQ(*downloaded, bytes);
}

TEST_F(CheckpointStreamsTest, ADamagedFileIsDataLossAndMayBeRejected) {
  ASSERT_TRUE(Upload("abc", 1).ok());
  const std::string sha256 = contract::Sha256Hex("abc");
  std::ofstream(PathOf(sha256), std::ios::trunc) << "abd";
  EXPECT_TRUE(absl::IsDataLoss(Download(sha256).status()));
  EXPECT_TRUE(absl::IsNotFound(Download(contract::Sha256Hex("other")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Download("../basin.db").status()));
}

TEST_F(CheckpointStreamsTest, WhatIsNotWhatWasDeclaredIsRefused) {
  EXPECT_TRUE(absl::IsDataLoss(Upload("abc", 1, contract::Sha256Hex("abd"), 3)));
  EXPECT_TRUE(absl::IsDataLoss(Upload("abc", 1, contract::Sha256Hex("abc"), 4)));
  EXPECT_TRUE(absl::IsResourceExhausted(Upload("abc", 1, contract::Sha256Hex("abc"), 2)));
  EXPECT_TRUE(absl::IsInvalidArgument(Upload("abc", 1, contract::Sha256Hex("abc"), 0)));
  EXPECT_FALSE(std::filesystem::exists(PathOf(contract::Sha256Hex("abc"))));
}

TEST_F(CheckpointStreamsTest, OfAStaleAttemptIsRefused) {
  lease_.set_attempt(2);
  EXPECT_TRUE(absl::IsAborted(Upload("abc", 1)));
}

}  // namespace
}  // namespace basin::server::rpc
