#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/child_process.h"
#include "client/cli/interrupt.h"

namespace basin::client::cli {

// Processors that this process may use, at least 1.
uint32_t UsableCores();

// A coordinator and workers on this machine as child processes, for `run` and `up`. Not thread-safe; its destructor
// kills what Stop has not ended.
class LocalCluster {
 public:
  struct Options {
    std::filesystem::path program_dir;  // Where basin-server and basin-worker lie.
    std::filesystem::path data_dir;     // The coordinator's; logs go there too. Created if absent.
    std::string listen = "127.0.0.1:0";
    uint32_t workers = 1;
    uint32_t slots = 0;                  // Trials at once over all workers; 0: one for each core.
    std::filesystem::path datasets_dir;  // The workers'; empty: their default.
    bool outlives_workers = false;       // Others may connect: the last one's end is no error.
  };

  // Starts the coordinator, waits until it listens, starts the workers. CANCELLED when `interrupt` comes first.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Start(const Options& options, Interrupt& interrupt);

  // Where the coordinator listens.
  const std::string& address() const { return address_; }
  uint32_t workers() const { return static_cast<uint32_t>(workers_.size()); }

  // An error when the coordinator has ended, or every worker of a cluster that does not outlive them; `lost` hears once
  // of each worker that has. The words hold the tail of the process's log.
  absl::Status Check(const std::function<void(const std::string&)>& lost);

  // Ends the workers, then the coordinator: SIGTERM, and after `seconds` each, SIGKILL. Says what did not end in peace.
  absl::Status Stop(double seconds);

 private:
  explicit LocalCluster(Options options) : options_(std::move(options)) {}
  absl::Status StartServer(Interrupt& interrupt);
  absl::Status StartWorkers();

  const Options options_;
  std::string address_;
  std::unique_ptr<ChildProcess> server_;
  std::vector<std::unique_ptr<ChildProcess>> workers_;
  std::vector<bool> reported_;  // Parallel to workers_.
};

}  // namespace basin::client::cli
