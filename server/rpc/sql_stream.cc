#include "server/rpc/sql_stream.h"

#include <chrono>
#include <utility>

#include "proto/contract/channel.h"
#include "proto/contract/status.h"

namespace basin::server::rpc {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;
constexpr auto kPatience = std::chrono::seconds(30);

absl::Status CancelledCall() { return absl::CancelledError("the call was cancelled"); }

}  // namespace

void SqlStream::Start() {
  if (!parts_.sql->Post([this] { Run(); })) Finish(contract::ToGrpc(Overloaded()));
}

void SqlStream::Run() {
  store::Queries::SqlLimits limits;
  if (request_.max_rows() > 0) limits.max_rows = request_.max_rows();
  const absl::StatusOr<bool> truncated = parts_.queries->RunSql(
      request_.sql(), limits, &cancelled_,
      [this](const std::vector<std::string>& columns) {
        for (const std::string& column : columns) chunk_.add_columns(column);
      },
      [this](v1::SqlRow row) { return AddRow(std::move(row)); });
  absl::Status status = broken_.ok() ? truncated.status() : broken_;
  if (status.ok()) {
    chunk_.set_truncated(*truncated);
    status = Send();
  }
  if (status.ok()) status = AwaitWrite();
  Finish(contract::ToGrpc(status));
}

bool SqlStream::AddRow(v1::SqlRow row) {
  const size_t bytes = row.ByteSizeLong() + 8;
  if (bytes > static_cast<size_t>(contract::kMaxMessageBytes) - 64 * 1024) {
    broken_ = absl::InvalidArgumentError("a row is larger than a message (4 MiB); select less of it");
    return false;
  }
  if (chunk_.rows_size() > 0 && chunk_bytes_ + bytes > kChunkBytes) broken_ = Send();
  chunk_bytes_ += bytes;
  *chunk_.add_rows() = std::move(row);
  return broken_.ok();
}

absl::Status SqlStream::Send() {
  const absl::Status ready = AwaitWrite();
  if (!ready.ok()) return ready;
  {
    std::lock_guard lock(mutex_);
    on_its_way_ = std::exchange(chunk_, {});
    writing_ = true;
  }
  chunk_bytes_ = 0;
  StartWrite(&on_its_way_);
  return absl::OkStatus();
}

absl::Status SqlStream::AwaitWrite() {
  std::unique_lock lock(mutex_);
  if (!wakeup_.wait_for(lock, kPatience, [this] { return !writing_ || cancelled_; })) {
    return absl::ResourceExhaustedError("the caller reads too slowly");
  }
  return cancelled_ ? CancelledCall() : absl::OkStatus();
}

void SqlStream::OnWriteDone(bool ok) {
  std::lock_guard lock(mutex_);
  writing_ = false;
  if (!ok) cancelled_ = true;
  wakeup_.notify_all();
}

void SqlStream::OnCancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  wakeup_.notify_all();
}

}  // namespace basin::server::rpc
