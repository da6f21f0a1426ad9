#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "proto/contract/canonical.h"
#include "proto/contract/channel.h"
#include "proto/contract/digest.h"
#include "proto/contract/status.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// A worker that holds a trial.
class ArtifactStreamsTest : public RpcTest {
 protected:
  ArtifactStreamsTest() {
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
  absl::Status UploadWeights(const std::string& bytes, uint32_t attempt) {
    grpc::ClientContext context;
    v1::UploadWeightsResponse response;
    const auto stream = workers_->UploadWeights(&context, &response);
    v1::UploadWeightsRequest request;
    v1::WeightsHeader& header = *request.mutable_header();
    header.set_worker_id(worker_);
    header.set_sweep_id(lease_.sweep_id());
    header.set_index(lease_.index());
    header.set_attempt(attempt);
    header.set_step(40);
    header.set_bytes(bytes.size());
    stream->Write(request);
    request.set_data(bytes);
    stream->Write(request);
    request.set_sha256(contract::Sha256Hex(bytes));
    stream->WriteLast(request, grpc::WriteOptions());
    return contract::FromGrpc(stream->Finish());
  }
  std::vector<v1::Artifact> List(std::optional<uint64_t> trial = std::nullopt) {
    v1::ListArtifactsRequest request;
    request.set_sweep(lease_.sweep_id());
    if (trial) request.set_trial(*trial);
    request.set_page_size(1);
    std::vector<v1::Artifact> all;
    do {
      const auto page = Call(*sweeps_, &v1::SweepService::Stub::ListArtifacts, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return all;
      all.insert(all.end(), page->artifacts().begin(), page->artifacts().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  absl::StatusOr<std::string> Get(const std::string& sweep, uint64_t trial, const std::string& name) {
    grpc::ClientContext context;
    v1::DownloadArtifactRequest request;
    request.set_sweep(sweep);
    request.set_trial(trial);
    request.set_name(name);
    const auto stream = sweeps_->DownloadArtifact(&context, request);
    v1::DownloadArtifactResponse piece;
    std::string bytes;
    while (stream->Read(&piece)) bytes += piece.data();
    if (absl::Status status = contract::FromGrpc(stream->Finish()); !status.ok()) return status;
    return bytes;
  }
  // The weights of what the leased trial trains, with `seed`.
  absl::StatusOr<std::string> StoredWeights(uint64_t seed) {
    grpc::ClientContext context;
    v1::DownloadWeightsRequest request;
    request.set_workload_digest(contract::CanonicalDigest(lease_.workload()));
    request.set_seed(seed);
    request.set_engine_fingerprint("engine");
    request.set_dataset("digits");
    request.set_data_digest("d1");
    const auto stream = workers_->DownloadWeights(&context, request);
    v1::DownloadWeightsResponse piece;
    std::string bytes;
    while (stream->Read(&piece)) bytes += piece.data();
    if (absl::Status status = contract::FromGrpc(stream->Finish()); !status.ok()) return status;
    return bytes;
  }
  std::filesystem::path PathOf(const std::string& sha256) const { return dir_.path() / "artifacts" / sha256; }

  std::string worker_;
  v1::LeasedTrial lease_;
};

TEST_F(ArtifactStreamsTest, ALeasedTrialSaysHowOftenToSave) {
  EXPECT_FALSE(lease_.has_checkpoint());
  EXPECT_EQ(lease_.checkpointing().every_seconds(), 60);
}

TEST_F(ArtifactStreamsTest, OneThatIsLargerThanAMessageComesBackWithTheNextLease) {
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

TEST_F(ArtifactStreamsTest, ADamagedFileIsDataLossAndMayBeRejected) {
  ASSERT_TRUE(Upload("abc", 1).ok());
  const std::string sha256 = contract::Sha256Hex("abc");
  std::ofstream(PathOf(sha256), std::ios::trunc) << "abd";
  EXPECT_TRUE(absl::IsDataLoss(Download(sha256).status()));
  EXPECT_TRUE(absl::IsNotFound(Download(contract::Sha256Hex("other")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Download("../basin.db").status()));
}

TEST_F(ArtifactStreamsTest, WhatIsNotWhatWasDeclaredIsRefused) {
  EXPECT_TRUE(absl::IsDataLoss(Upload("abc", 1, contract::Sha256Hex("abd"), 3)));
  EXPECT_TRUE(absl::IsDataLoss(Upload("abc", 1, contract::Sha256Hex("abc"), 4)));
  EXPECT_TRUE(absl::IsResourceExhausted(Upload("abc", 1, contract::Sha256Hex("abc"), 2)));
  EXPECT_TRUE(absl::IsInvalidArgument(Upload("abc", 1, contract::Sha256Hex("abc"), 0)));
  EXPECT_FALSE(std::filesystem::exists(PathOf(contract::Sha256Hex("abc"))));
}

TEST_F(ArtifactStreamsTest, OfAStaleAttemptIsRefused) {
  lease_.set_attempt(2);
  EXPECT_TRUE(absl::IsAborted(Upload("abc", 1)));
}

TEST_F(ArtifactStreamsTest, WeightsAreTheTrialsOnceItHasItsResult) {
  const absl::Status uploaded = UploadWeights("weights", 1);
  ASSERT_TRUE(uploaded.ok()) << uploaded;
  ASSERT_TRUE(UploadWeights("weights", 1).ok()) << "repeated";
  EXPECT_THAT(List(), SizeIs(0)) << "the trial still runs";
  EXPECT_TRUE(absl::IsNotFound(Get("digits", 0, "weights.safetensors").status()));
  EXPECT_EQ(Report(worker_, Success(lease_)).code(), 0);
  const std::vector<v1::Artifact> files = List();
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].trial(), lease_.index());
  EXPECT_EQ(files[0].name(), "weights.safetensors");
  EXPECT_EQ(files[0].kind(), v1::ARTIFACT_KIND_WEIGHTS);
  EXPECT_EQ(files[0].step(), 40u);
  EXPECT_EQ(files[0].attempt(), 1u);
  EXPECT_EQ(files[0].bytes(), 7u);
  EXPECT_EQ(files[0].sha256(), contract::Sha256Hex("weights"));
  EXPECT_TRUE(files[0].has_created_at());
  const auto bytes = Get("digits", 0, "weights.safetensors");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, "weights");
}

TEST_F(ArtifactStreamsTest, WeightsAreFoundByWhatTheyWereComputedFromWhicheverTrialKeepsThem) {
  EXPECT_EQ(Report(worker_, Success(lease_)).code(), 0) << "this one keeps none";
  EXPECT_TRUE(absl::IsNotFound(StoredWeights(lease_.seed()).status()));
  Create("again");
  for (const v1::LeasedTrial& lease : Lease(worker_, 4)) {
    if (lease.sweep_id() == RpcTest::Get("again").id() && lease.index() == lease_.index()) lease_ = lease;
  }
  ASSERT_EQ(lease_.sweep_id(), RpcTest::Get("again").id());
  ASSERT_EQ(lease_.index(), 0u);
  ASSERT_TRUE(UploadWeights("weights", 1).ok());
  EXPECT_TRUE(absl::IsNotFound(StoredWeights(lease_.seed()).status())) << "the trial still runs";
  EXPECT_EQ(Report(worker_, Success(lease_)).code(), 0);
  const auto bytes = StoredWeights(lease_.seed());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, "weights");
  EXPECT_TRUE(absl::IsNotFound(StoredWeights(lease_.seed() + 1).status()));
  std::ofstream(PathOf(contract::Sha256Hex("weights")), std::ios::trunc) << "weightz";
  EXPECT_TRUE(absl::IsDataLoss(StoredWeights(lease_.seed()).status()));
}

TEST_F(ArtifactStreamsTest, WeightsOfALostAttemptGo) {
  ASSERT_TRUE(UploadWeights("weights", 1).ok());
  v1::UnregisterWorkerRequest leave;
  leave.set_worker_id(worker_);
  ASSERT_TRUE(Call(*workers_, &v1::WorkerService::Stub::UnregisterWorker, leave).ok());
  EXPECT_FALSE(queries_->IsArtifactKept(contract::Sha256Hex("weights")).value_or(true));
  worker_ = Register("heir");
  lease_ = Lease(worker_, 1).at(0);
  EXPECT_TRUE(absl::IsAborted(UploadWeights("of the lost attempt", 1)));
  EXPECT_EQ(Report(worker_, Success(lease_)).code(), 0);
  EXPECT_THAT(List(), SizeIs(0));
}

TEST_F(ArtifactStreamsTest, AreListedInPagesWithTheCheckpointsOfARunningTrial) {
  ASSERT_TRUE(Upload("first", 3).ok());
  ASSERT_TRUE(Upload("second", 5).ok());
  lease_ = Lease(worker_, 1).at(0);
  ASSERT_TRUE(UploadWeights("weights", 1).ok());
  EXPECT_EQ(Report(worker_, Success(lease_)).code(), 0);
  std::vector<std::string> names;
  for (const v1::Artifact& file : List()) names.push_back(std::to_string(file.trial()) + " " + file.name());
  EXPECT_THAT(
      names, testing::ElementsAre("0 checkpoint-3.safetensors", "0 checkpoint-5.safetensors", "1 weights.safetensors"));
  EXPECT_THAT(List(1), SizeIs(1));
  EXPECT_THAT(List(2), SizeIs(0));
  EXPECT_EQ(Get("digits", 0, "checkpoint-5.safetensors").value_or(""), "second");
}

TEST_F(ArtifactStreamsTest, OneThatIsNotThereOrDamagedIsSaid) {
  ASSERT_TRUE(Upload("abc", 1).ok());
  const absl::Status missing = Get("digits", 0, "weights.safetensors").status();
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(std::string(missing.message()), HasSubstr("has no file 'weights.safetensors'; it has checkpoint-1"));
  EXPECT_TRUE(absl::IsNotFound(Get("digits", 9, "checkpoint-1.safetensors").status()));
  EXPECT_TRUE(absl::IsNotFound(Get("nobody", 0, "checkpoint-1.safetensors").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Get("digits", 0, "").status()));
  std::ofstream(PathOf(contract::Sha256Hex("abc")), std::ios::trunc) << "abd";
  EXPECT_TRUE(absl::IsDataLoss(Get("digits", 0, "checkpoint-1.safetensors").status()));
}

TEST_F(ArtifactStreamsTest, ALeasedTrialSaysWhetherItsWeightsAreKept) {
  EXPECT_FALSE(lease_.keep_weights());
  v1::CreateSweepRequest request = DigitsRequest("kept");
  int32_t priority = 10;
  for (const v1::Keep::Weights weights : {v1::Keep::WEIGHTS_ALL, v1::Keep::WEIGHTS_BEST}) {
    request.mutable_spec()->mutable_keep()->set_weights(weights);
    request.mutable_spec()->set_priority(priority++);
    request.set_request_id(v1::Keep::Weights_Name(weights));
    ASSERT_TRUE(Call(*sweeps_, &v1::SweepService::Stub::CreateSweep, request).ok());
    EXPECT_TRUE(Lease(worker_, 1).at(0).keep_weights());
  }
}

}  // namespace
}  // namespace basin::server::rpc
