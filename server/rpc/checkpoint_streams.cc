#include "server/rpc/checkpoint_streams.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/status.h"
#include "proto/contract/validate.h"

namespace basin::server::rpc {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;

absl::Status BadOrder() {
  return absl::InvalidArgumentError("a checkpoint comes as one header, then its data, then its digest");
}

}  // namespace

void CheckpointUpload::Start(const absl::StatusOr<access::Caller>& caller) {
  if (!caller.ok()) return Finish(contract::ToGrpc(caller.status()));
  principal_ = caller->name;
  ReadNext();
}

void CheckpointUpload::ReadNext() {
  baton_.PassOn();
  StartRead(&message_);
}

void CheckpointUpload::OnReadDone(bool ok) {
  baton_.Take();
  if (!ok) return Finish(contract::ToGrpc(BadOrder()));
  const bool posted = parts_.files->Post([this] {
    const bool last = message_.part_case() == v1::UploadCheckpointRequest::kSha256;
    const absl::Status taken = Take();
    if (!taken.ok()) return Finish(contract::ToGrpc(taken));
    if (!last) ReadNext();
  });
  if (!posted) Finish(contract::ToGrpc(Overloaded()));
}

absl::Status CheckpointUpload::Take() {
  if (absl::Status valid = contract::ValidateMessage(message_); !valid.ok()) return valid;
  switch (message_.part_case()) {
    case v1::UploadCheckpointRequest::kHeader:
      return upload_ == nullptr ? Begin(message_.header()) : BadOrder();
    case v1::UploadCheckpointRequest::kData:
      return upload_ != nullptr ? upload_->Append(message_.data()) : BadOrder();
    case v1::UploadCheckpointRequest::kSha256:
      return upload_ != nullptr ? Commit(message_.sha256()) : BadOrder();
    case v1::UploadCheckpointRequest::PART_NOT_SET:
      break;
  }
  return BadOrder();
}

absl::Status CheckpointUpload::Begin(const v1::CheckpointHeader& header) {
  header_ = header;
  absl::StatusOr<std::unique_ptr<store::ArtifactStore::Upload>> upload = parts_.artifacts->Begin(header.bytes());
  if (!upload.ok()) return upload.status();
  upload_ = *std::move(upload);
  return absl::OkStatus();
}

absl::Status CheckpointUpload::Commit(const std::string& sha256) {
  absl::StatusOr<store::ArtifactStore::Hold> hold = upload_->Finish(sha256);
  if (!hold.ok()) return hold.status();
  hold_ = *std::move(hold);
  parts_.coordinator->Submit(
      core::AddCheckpoint{.worker = header_.worker_id(),
                          .key = {.sweep = header_.sweep_id(), .index = header_.index()},
                          .attempt = header_.attempt(),
                          .next_sequence = header_.next_sequence(),
                          .file = {.kind = core::ArtifactKind::kCheckpoint,
                                   .name = absl::StrCat("checkpoint-", header_.step(), ".safetensors"),
                                   .step = header_.step(),
                                   .bytes = header_.bytes(),
                                   .sha256 = sha256},
                          .principal = principal_},
      [this](const absl::StatusOr<core::Reply>& reply) { Finish(contract::ToGrpc(reply.status())); });
  return absl::OkStatus();
}

void CheckpointDownload::Start(const absl::Status& status) {
  if (!status.ok()) return Finish(contract::ToGrpc(status));
  const bool posted = parts_.files->Post([this] {
    absl::StatusOr<std::unique_ptr<store::ArtifactStore::Reader>> reader = parts_.artifacts->Read(sha256_);
    if (!reader.ok()) return Finish(contract::ToGrpc(reader.status()));
    reader_ = *std::move(reader);
    SendNext();
  });
  if (!posted) Finish(contract::ToGrpc(Overloaded()));
}

void CheckpointDownload::OnWriteDone(bool ok) {
  baton_.Take();
  if (!ok) return Finish(contract::ToGrpc(absl::CancelledError("the call was cancelled")));
  if (!parts_.files->Post([this] { SendNext(); })) Finish(contract::ToGrpc(Overloaded()));
}

void CheckpointDownload::SendNext() {
  absl::StatusOr<std::string> bytes = reader_->Read(kPieceBytes);
  if (!bytes.ok() || bytes->empty()) return Finish(contract::ToGrpc(bytes.status()));
  message_.set_data(*std::move(bytes));
  baton_.PassOn();
  StartWrite(&message_);
}

}  // namespace basin::server::rpc
