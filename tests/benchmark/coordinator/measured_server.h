#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/cluster/programs.h"
#include "tests/support/temp_dir.h"

namespace basin::benchmark {

// The real basin-server as a child process, with a data dir of its own that goes with it.
class MeasuredServer {
 public:
  // Its leases last an hour, so that nothing here ends by itself.
  MeasuredServer();
  // With a copy of the database in `dir`.
  explicit MeasuredServer(const std::string& dir);

  // Seconds from the start of the process until it has answered a call.
  double Start();
  void Kill9() { program_->Kill9(); }
  // As SIGTERM does.
  void Stop();

  const std::string& address() const { return program_->address(); }
  double ResidentMegabytes();
  // Seconds of processor time that the process has used so far, of all its threads.
  double ProcessorSeconds();
  // Of the database and its log. After Stop the log is in the database.
  uint64_t DatabaseBytes() const;

 private:
  tests::TempDir dir_;
  std::unique_ptr<tests::ServerProgram> program_;
};

}  // namespace basin::benchmark
