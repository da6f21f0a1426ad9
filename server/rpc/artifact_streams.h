#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "basin/v1/sweep_service.pb.h"
#include "basin/v1/worker_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/store/artifact_store.h"

// Files of trials on the wire: each piece is written, or read, by the pool for files while the next one travels. All
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

// A file on its way in: header, data, digest; then the core decides, with the file on disk.
template <typename Request, typename Header>
class FileUpload : public grpc::ServerReadReactor<Request> {
 public:
  explicit FileUpload(const Parts& parts) : parts_(parts) {}

  // Begins, unless `caller` is an error; call once.
  void Start(const absl::StatusOr<access::Caller>& caller);

  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  absl::Status Take();
  absl::Status Begin(const Header& header);
  absl::Status Commit(const std::string& sha256);
  void ReadNext();

  const Parts& parts_;
  Baton baton_;
  std::string principal_;
  Request message_;
  Header header_;
  std::unique_ptr<store::ArtifactStore::Upload> upload_;
  std::optional<store::ArtifactStore::Hold> hold_;  // Until the core has decided.
};
using CheckpointUpload = FileUpload<v1::UploadCheckpointRequest, v1::CheckpointHeader>;
using WeightsUpload = FileUpload<v1::UploadWeightsRequest, v1::WeightsHeader>;

// A file on its way out.
template <typename Response>
class FileDownload : public grpc::ServerWriteReactor<Response> {
 public:
  // `find` gives the file's digest; it may read from the store.
  FileDownload(const Parts& parts, std::function<absl::StatusOr<std::string>()> find)
      : parts_(parts), find_(std::move(find)) {}

  // Begins, unless `status` is an error; call once.
  void Start(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  absl::Status Open();
  void SendNext();

  const Parts& parts_;
  Baton baton_;
  const std::function<absl::StatusOr<std::string>()> find_;
  std::unique_ptr<store::ArtifactStore::Reader> reader_;
  Response message_;
};
using CheckpointDownload = FileDownload<v1::DownloadCheckpointResponse>;
using WeightsDownload = FileDownload<v1::DownloadWeightsResponse>;
using ArtifactDownload = FileDownload<v1::DownloadArtifactResponse>;

}  // namespace basin::server::rpc
