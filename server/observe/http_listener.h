#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/observe/http_connections.h"
#include "server/rpc/listen_address.h"

namespace basin::server::observe {

// What the listener answers with. Thread-safe.
struct HttpPages {
  std::function<std::string()> metrics;  // The text of /metrics.
  std::function<absl::Status()> live;    // Not OK: a restart would help.
  std::function<absl::Status()> ready;   // Not OK: send nothing here now.
};

// Answers GET and HEAD of /metrics, /livez and /readyz over plain HTTP on a thread of its own while it lives. The
// checks answer 200 `ok`, or 503 and the reason. Anybody may call: the connections, what each holds in memory (16 KiB
// and an answer) and how long it lasts are limited, and its end waits for none.
class HttpListener {
 public:
  // UNAVAILABLE when it can't listen on the address, with the system's reason.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Start(rpc::ListenAddress address, HttpPages pages,
                                                             const HttpLimits& limits = {});
  virtual ~HttpListener() = default;

  // With the actual port.
  virtual const rpc::ListenAddress& address() const = 0;
};

}  // namespace basin::server::observe
