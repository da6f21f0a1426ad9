#pragma once

#include <string>

namespace basin::benchmark {

// Answers empty calls until it is killed: a gRPC server of the same kind as basin-server (callbacks, loopback) that
// does nothing, which is the most that any server could do. Writes HOST:PORT to `endpoint_file` when it listens.
// Returns the exit code.
int ServeEmptyCalls(const std::string& endpoint_file);

}  // namespace basin::benchmark
