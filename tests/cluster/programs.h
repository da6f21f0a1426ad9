#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace basin::tests {

// basin-server as a child process.
class ServerProgram {
 public:
  // `dir` holds its database and log; `flags` come after the usual ones and so win.
  explicit ServerProgram(std::filesystem::path dir, std::vector<std::string> flags = {"--lease-seconds", "2"},
                         std::string listen = "127.0.0.1:0");

  // Starts it and waits until it listens. Once it has run, it listens on the same port as before.
  void Start();
  void Kill9() { process_->Kill9(); }
  ChildProcess& process() { return *process_; }
  // HOST:PORT.
  const std::string& address() const { return address_; }

 private:
  const std::filesystem::path dir_;
  const std::vector<std::string> flags_;
  std::string listen_;
  std::string address_;
  std::unique_ptr<ChildProcess> process_;
};

// basin-worker as a child process, with `slots` slots of one thread. `prefix` comes before the program's name.
std::unique_ptr<ChildProcess> StartWorker(const std::string& server, const std::string& name,
                                          const std::filesystem::path& dir, int slots = 1,
                                          std::vector<std::string> prefix = {});

}  // namespace basin::tests
