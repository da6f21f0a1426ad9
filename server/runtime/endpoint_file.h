#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace basin::server::runtime {

// DIR/endpoint: the HOST:PORT at which the server of this data dir answers, for programs that started it on a free
// port. Written as a whole or not at all; removed when this is destroyed.
class EndpointFile {
 public:
  static absl::StatusOr<std::unique_ptr<EndpointFile>> Write(const std::string& data_dir, const std::string& address);
  ~EndpointFile();
  EndpointFile(const EndpointFile&) = delete;
  EndpointFile& operator=(const EndpointFile&) = delete;

 private:
  explicit EndpointFile(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

}  // namespace basin::server::runtime
