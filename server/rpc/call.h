#pragma once

#include <chrono>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/access/gatekeeper.h"
#include "server/rpc/new_sweep.h"
#include "server/rpc/thread_pool.h"
#include "server/runtime/coordinator.h"
#include "server/runtime/status_board.h"
#include "server/store/artifact_store.h"
#include "server/store/queries.h"

namespace basin::server::rpc {

// What the handlers work with; all of it outlives them.
struct Parts {
  const access::Gatekeeper* gatekeeper = nullptr;  // Null: nobody is asked who he is.
  runtime::Coordinator* coordinator = nullptr;
  runtime::StatusBoard* board = nullptr;
  store::Queries* queries = nullptr;
  store::ArtifactStore* artifacts = nullptr;
  ThreadPool* requests = nullptr;  // Work on a request or its answer that needs the processor, not the disk.
  ThreadPool* reads = nullptr;     // Reads from the store.
  ThreadPool* files = nullptr;     // Pieces of artifacts, to and from the disk.
  ThreadPool* sql = nullptr;       // Users' SQL, which may take as long as its limit.
  SweepCaps caps;
  core::MonoTime lease{};
  core::WallTime started_at{};
};

absl::Status ProtocolMismatch(std::string_view theirs);

// What every call is checked for before anything else: who calls, whether he may, and the protocol (FAILED_PRECONDITION
// with both numbers if the caller's metadata name another version). The caller.
absl::StatusOr<access::Caller> AdmitCall(const Parts& parts, const grpc::CallbackServerContext& context,
                                         const google::protobuf::Message& request);

// The same, and the request's rules.
absl::StatusOr<access::Caller> CheckCall(const Parts& parts, const grpc::CallbackServerContext& context,
                                         const google::protobuf::Message& request);

// INVALID_ARGUMENT at one field.
absl::Status FieldError(std::string_view path, std::string_view description);

// `status`, each path of its violations below `prefix` + ".".
absl::Status WithPathPrefix(const absl::Status& status, std::string_view prefix);

// The wait of a long poll: from 0 to 60 s, or INVALID_ARGUMENT at `wait`.
absl::StatusOr<core::MonoTime> ReadWait(const google::protobuf::Duration& wait);

// Runs `work` on the pool and finishes the call with the status that it returns.
template <typename Work>
void FinishOn(ThreadPool* pool, grpc::ServerUnaryReactor* reactor, Work work);

void Finish(grpc::ServerUnaryReactor* reactor, const absl::Status& status);

// The answer when a pool has too much to do.
absl::Status Overloaded();

template <typename Work>
void FinishOn(ThreadPool* pool, grpc::ServerUnaryReactor* reactor, Work work) {
  if (!pool->Post([reactor, work = std::move(work)]() mutable { Finish(reactor, work()); })) {
    Finish(reactor, Overloaded());
  }
}

}  // namespace basin::server::rpc
