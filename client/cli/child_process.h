#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace basin::client::cli {

// A program started by this one. It reads nothing, writes to a log file, has a process group of its own (Ctrl-C on the
// terminal does not reach it), and gets SIGTERM when this process dies. Start and use it on one thread that outlives
// it.
class ChildProcess {
 public:
  // `args` without the program's name. NOT_FOUND if there is no such program.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::filesystem::path& program,
                                                             const std::vector<std::string>& args,
                                                             const std::filesystem::path& log);
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // True once it has ended. Does not wait.
  bool ended();
  // Waits at most `seconds` for the end; true if it has come.
  bool WaitFor(double seconds);
  void Signal(int signal);
  // "exit code 2", "signal 9 (Killed)". REQUIRES: ended.
  std::string HowItEnded() const;
  // REQUIRES: ended.
  bool succeeded() const;

  // The last lines of its log.
  std::string LogTail(size_t lines) const;
  const std::filesystem::path& log() const { return log_; }

 private:
  ChildProcess(pid_t pid, std::filesystem::path log) : pid_(pid), log_(std::move(log)) {}

  const pid_t pid_;
  const std::filesystem::path log_;
  std::optional<int> status_;
};

}  // namespace basin::client::cli
