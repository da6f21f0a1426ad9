#pragma once

#include <string_view>

#include "grpcpp/server_builder.h"
#include "server/runtime/clock.h"

namespace basin::server::rpc {

// Who counts and times calls. Thread-safe; called on the threads that end the calls.
class CallObserver {
 public:
  virtual ~CallObserver() = default;

  // One call of `method` ("/basin.v1.SweepService/GetSweep") was answered. What waited on purpose took that long too.
  virtual void OnCall(std::string_view method, const grpc::Status& status, core::MonoTime took) = 0;
};

// Tells `observer` of every call of a method of ours; health and reflection are passed over. Both outlive the server
// that `builder` builds.
void Observe(CallObserver* observer, const runtime::Clock* clock, grpc::ServerBuilder* builder);

}  // namespace basin::server::rpc
