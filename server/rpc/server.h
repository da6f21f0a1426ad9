#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/tls_files.h"
#include "server/access/gatekeeper.h"
#include "server/rpc/call_observer.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/new_sweep.h"
#include "server/runtime/clock.h"
#include "server/runtime/coordinator.h"
#include "server/runtime/status_board.h"
#include "server/store/artifact_store.h"
#include "server/store/queries.h"
#include "server/store/store.h"

namespace basin::server::rpc {

struct TlsOptions {
  contract::TlsFiles files;  // `ca`: of client certificates. No certificate: plaintext.
  bool require_client_certificate = false;
  bool enabled() const { return !files.certificate.empty(); }
};

struct ServerOptions {
  ListenAddress listen{.host = "127.0.0.1", .port = 0};
  TlsOptions tls;  // The files are read again when they change, and used if they are good.
  const access::Gatekeeper* gatekeeper = nullptr;  // Outlives the server. Null: nobody is asked who he is.
  runtime::CoordinatorOptions coordinator;
  SweepCaps caps;
  bool enable_reflection = false;
  // Outlives the server. Null: nobody counts.
  CallObserver* call_observer = nullptr;
  // Memory that gRPC may take for its transports.
  size_t max_transport_bytes = size_t{512} << 20;
  // A connection that has not made itself known by then, or has had no call for so long, is closed. Workers and
  // watchers always have one.
  core::MonoTime handshake_limit = std::chrono::seconds(20);
  core::MonoTime idle_limit = std::chrono::minutes(10);
  // Called on a thread of its own when a shutdown takes longer than so long, because a call can't be ended: the process
  // may end then, for what was acknowledged is on disk. Empty: a shutdown takes what it takes.
  core::MonoTime shutdown_limit = std::chrono::seconds(15);
  std::function<void()> on_late_shutdown = nullptr;
};

// A whole coordinator in this process: its loop, and its services on one port.
class Server {
 public:
  // Serves when it returns. All outlive the server. UNAVAILABLE when the port is taken.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, store::Store* store,
                                                       store::Queries* queries, store::ArtifactStore* artifacts,
                                                       const runtime::Clock* clock);
  virtual ~Server() = default;

  // Where it listens, with the actual port.
  virtual const ListenAddress& address() const = 0;

  struct Status {
    runtime::StatusBoard::Totals totals;
    runtime::Coordinator::Load load;
  };
  // How it is now. Thread-safe.
  virtual Status GetStatus() const = 0;

  // Takes no more calls, answers those that wait, finishes what is in flight (calls that take longer than 10 s are
  // cancelled), and ends the loop. Idempotent; also done by the destructor.
  virtual void Shutdown() = 0;
};

}  // namespace basin::server::rpc
