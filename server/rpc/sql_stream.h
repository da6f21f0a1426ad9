#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "basin/v1/sweep_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"

namespace basin::server::rpc {

// One QuerySql: a thread of the pool runs the statement and hands over its rows in chunks. One chunk is on its way and
// one is being filled; a caller that takes none for 30 s loses its stream with RESOURCE_EXHAUSTED. Deletes itself when
// done.
class SqlStream : public grpc::ServerWriteReactor<v1::QuerySqlResponse> {
 public:
  SqlStream(const Parts& parts, const v1::QuerySqlRequest& request) : parts_(parts), request_(request) {}

  // Begins; call once.
  void Start();

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  void Run();
  // Rows up to a chunk's size; false to stop.
  bool AddRow(v1::SqlRow row);
  // Waits until the chunk before is gone, then sends `chunk_`. Not OK: the stream is over.
  absl::Status Send();
  absl::Status AwaitWrite();

  const Parts& parts_;
  const v1::QuerySqlRequest request_;
  std::atomic<bool> cancelled_ = false;
  v1::QuerySqlResponse chunk_;
  size_t chunk_bytes_ = 0;
  absl::Status broken_;

  std::mutex mutex_;
  std::condition_variable wakeup_;
  bool writing_ = false;
  v1::QuerySqlResponse on_its_way_;
};

}  // namespace basin::server::rpc
