#include "server/rpc/artifact_streams.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/status.h"
#include "proto/contract/validate.h"

namespace basin::server::rpc {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;

absl::Status BadOrder() {
  return absl::InvalidArgumentError("a file comes as one header, then its data, then its digest");
}

core::Artifact FileOf(core::ArtifactKind kind, std::string name, const auto& header, const std::string& sha256) {
  return {.kind = kind, .name = std::move(name), .step = header.step(), .bytes = header.bytes(), .sha256 = sha256};
}

core::Command CommandOf(const v1::CheckpointHeader& header, const std::string& sha256, const std::string& principal) {
  return core::AddCheckpoint{.worker = header.worker_id(),
                             .key = {.sweep = header.sweep_id(), .index = header.index()},
                             .attempt = header.attempt(),
                             .next_sequence = header.next_sequence(),
                             .file = FileOf(core::ArtifactKind::kCheckpoint,
                                            absl::StrCat("checkpoint-", header.step(), ".safetensors"), header, sha256),
                             .principal = principal};
}

core::Command CommandOf(const v1::WeightsHeader& header, const std::string& sha256, const std::string& principal) {
  return core::AddWeights{.worker = header.worker_id(),
                          .key = {.sweep = header.sweep_id(), .index = header.index()},
                          .attempt = header.attempt(),
                          .file = FileOf(core::ArtifactKind::kWeights, "weights.safetensors", header, sha256),
                          .principal = principal};
}

}  // namespace

template <typename Request, typename Header>
void FileUpload<Request, Header>::Start(const absl::StatusOr<access::Caller>& caller) {
  if (!caller.ok()) return this->Finish(contract::ToGrpc(caller.status()));
  principal_ = caller->name;
  ReadNext();
}

template <typename Request, typename Header>
void FileUpload<Request, Header>::ReadNext() {
  baton_.PassOn();
  this->StartRead(&message_);
}

template <typename Request, typename Header>
void FileUpload<Request, Header>::OnReadDone(bool ok) {
  baton_.Take();
  if (!ok) return this->Finish(contract::ToGrpc(BadOrder()));
  const bool posted = parts_.files->Post([this] {
    const bool last = message_.part_case() == Request::kSha256;
    const absl::Status taken = Take();
    if (!taken.ok()) return this->Finish(contract::ToGrpc(taken));
    if (!last) ReadNext();
  });
  if (!posted) this->Finish(contract::ToGrpc(Overloaded()));
}

template <typename Request, typename Header>
absl::Status FileUpload<Request, Header>::Take() {
  if (absl::Status valid = contract::ValidateMessage(message_); !valid.ok()) return valid;
  switch (message_.part_case()) {
    case Request::kHeader:
      return upload_ == nullptr ? Begin(message_.header()) : BadOrder();
    case Request::kData:
      return upload_ != nullptr ? upload_->Append(message_.data()) : BadOrder();
    case Request::kSha256:
      return upload_ != nullptr ? Commit(message_.sha256()) : BadOrder();
    case Request::PART_NOT_SET:
      break;
  }
  return BadOrder();
}

template <typename Request, typename Header>
absl::Status FileUpload<Request, Header>::Begin(const Header& header) {
  header_ = header;
  absl::StatusOr<std::unique_ptr<store::ArtifactStore::Upload>> upload = parts_.artifacts->Begin(header.bytes());
  if (!upload.ok()) return upload.status();
  upload_ = *std::move(upload);
  return absl::OkStatus();
}

template <typename Request, typename Header>
absl::Status FileUpload<Request, Header>::Commit(const std::string& sha256) {
  absl::StatusOr<store::ArtifactStore::Hold> hold = upload_->Finish(sha256);
  if (!hold.ok()) return hold.status();
  hold_ = *std::move(hold);
  parts_.coordinator->Submit(CommandOf(header_, sha256, principal_), [this](const absl::StatusOr<core::Reply>& reply) {
    this->Finish(contract::ToGrpc(reply.status()));
  });
  return absl::OkStatus();
}

template class FileUpload<v1::UploadCheckpointRequest, v1::CheckpointHeader>;
template class FileUpload<v1::UploadWeightsRequest, v1::WeightsHeader>;

template <typename Response>
void FileDownload<Response>::Start(const absl::Status& status) {
  if (!status.ok()) return this->Finish(contract::ToGrpc(status));
  const bool posted = parts_.files->Post([this] {
    const absl::Status opened = Open();
    if (!opened.ok()) return this->Finish(contract::ToGrpc(opened));
    SendNext();
  });
  if (!posted) this->Finish(contract::ToGrpc(Overloaded()));
}

template <typename Response>
absl::Status FileDownload<Response>::Open() {
  const absl::StatusOr<std::string> sha256 = find_();
  if (!sha256.ok()) return sha256.status();
  absl::StatusOr<std::unique_ptr<store::ArtifactStore::Reader>> reader = parts_.artifacts->Read(*sha256);
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  return absl::OkStatus();
}

template <typename Response>
void FileDownload<Response>::OnWriteDone(bool ok) {
  baton_.Take();
  if (!ok) return this->Finish(contract::ToGrpc(absl::CancelledError("the call was cancelled")));
  if (!parts_.files->Post([this] { SendNext(); })) this->Finish(contract::ToGrpc(Overloaded()));
}

template <typename Response>
void FileDownload<Response>::SendNext() {
  absl::StatusOr<std::string> bytes = reader_->Read(kPieceBytes);
  if (!bytes.ok() || bytes->empty()) return this->Finish(contract::ToGrpc(bytes.status()));
  message_.set_data(*std::move(bytes));
  baton_.PassOn();
  this->StartWrite(&message_);
}

template class FileDownload<v1::DownloadCheckpointResponse>;
template class FileDownload<v1::DownloadWeightsResponse>;
template class FileDownload<v1::DownloadArtifactResponse>;

}  // namespace basin::server::rpc
