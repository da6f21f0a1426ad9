#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace basin::tests {

// A process that this one started. Killed with -9, and waited for, when the object goes. It also dies with the thread
// that started it, so that a test that crashes leaves nothing behind.
class ChildProcess {
 public:
  // `arguments` begins with the program: a path, or a name looked up in PATH. What it writes to stdout and stderr is
  // added to `log`. Aborts if the process can't be made; a program that can't be run exits with code 127.
  ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool IsRunning();
  // No effect on a process that has ended.
  void Signal(int signal);
  // Waits for the end. Its exit code, or 128 + the signal that ended it; nothing if it still runs after `limit`.
  std::optional<int> AwaitExit(std::chrono::steady_clock::duration limit = std::chrono::seconds(30));
  void Kill9();
  // All that was written to the log, by whichever process.
  std::string LogText() const;

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  std::filesystem::path log_;
};

// Runs a program to its end: its exit code.
int RunProgram(const std::vector<std::string>& arguments, const std::filesystem::path& log);

}  // namespace basin::tests
