#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/rpc/call_observer.h"
#include "server/rpc/server.h"
#include "server/runtime/coordinator_observer.h"

namespace basin::server::observe {

// The server's metrics in Prometheus' names and text format: what it is told of is counted, what can be asked for is
// asked for at each scrape. No label grows with sweeps, trials or workers. Thread-safe.
class Metrics : public runtime::CoordinatorObserver, public rpc::CallObserver {
 public:
  Metrics();
  ~Metrics() override;

  void OnCommit(std::span<const core::Event> events, size_t commands, core::MonoTime took) override;
  void OnExpired(uint64_t leases, uint64_t time_limits) override;
  void OnFenced(uint64_t writes) override;
  void OnCall(std::string_view method, const grpc::Status& status, core::MonoTime took) override;

  struct Sample {
    rpc::Server::Status server;
    uint64_t log_bytes = 0;
  };
  // The server of whose state is asked from now on; empty: it starts or stops. On return the earlier one is not asked
  // any more.
  void SetSource(std::function<Sample()> source);

  // The text of a scrape.
  std::string Expose();
  // Not OK when the loop has worked at one batch for longer than any batch takes.
  absl::Status Live() const;
  // Not OK before the server serves, while it drains, and while the disk is full.
  absl::Status Ready() const;

 private:
  struct Instruments;
  const std::unique_ptr<Instruments> instruments_;
};

}  // namespace basin::server::observe
