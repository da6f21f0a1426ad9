#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace basin::server::runtime {

// A HOST:PORT at which the server of this data dir answers, for programs that started it on a free port:
// DIR/endpoint for its services, DIR/metrics-endpoint for its metrics. Written as a whole or not at all; removed when
// this is destroyed.
class EndpointFile {
 public:
  static absl::StatusOr<std::unique_ptr<EndpointFile>> Write(const std::string& data_dir, const std::string& address,
                                                             const std::string& name = "endpoint");
  ~EndpointFile();
  EndpointFile(const EndpointFile&) = delete;
  EndpointFile& operator=(const EndpointFile&) = delete;

 private:
  explicit EndpointFile(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

}  // namespace basin::server::runtime
