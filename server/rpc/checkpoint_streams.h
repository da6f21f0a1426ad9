#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "basin/v1/worker_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/store/artifact_store.h"

// Checkpoints on the wire: each piece is written, or read, by the pool for files while the next one travels. Both
// delete themselves when they are done.
namespace basin::server::rpc {

// Between the threads that handle a stream's pieces one after another: gRPC orders them, in a way that tools for data
// races do not see.
class Baton {
 public:
  void PassOn() { turns_.fetch_add(1, std::memory_order_release); }
  void Take() const { static_cast<void>(turns_.load(std::memory_order_acquire)); }

 private:
  std::atomic<uint32_t> turns_ = 0;
};

// One UploadCheckpoint: header, data, digest; then the core decides, with the file on disk.
class CheckpointUpload : public grpc::ServerReadReactor<v1::UploadCheckpointRequest> {
 public:
  explicit CheckpointUpload(const Parts& parts) : parts_(parts) {}

  // Begins, unless `caller` is an error; call once.
  void Start(const absl::StatusOr<access::Caller>& caller);

  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  absl::Status Take();
  absl::Status Begin(const v1::CheckpointHeader& header);
  absl::Status Commit(const std::string& sha256);
  void ReadNext();

  const Parts& parts_;
  Baton baton_;
  std::string principal_;
  v1::UploadCheckpointRequest message_;
  v1::CheckpointHeader header_;
  std::unique_ptr<store::ArtifactStore::Upload> upload_;
  std::optional<store::ArtifactStore::Hold> hold_;  // Until the core has decided.
};

// One DownloadCheckpoint.
class CheckpointDownload : public grpc::ServerWriteReactor<v1::DownloadCheckpointResponse> {
 public:
  CheckpointDownload(const Parts& parts, std::string sha256) : parts_(parts), sha256_(std::move(sha256)) {}

  void Start(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  void SendNext();

  const Parts& parts_;
  Baton baton_;
  const std::string sha256_;
  std::unique_ptr<store::ArtifactStore::Reader> reader_;
  v1::DownloadCheckpointResponse message_;
};

}  // namespace basin::server::rpc
