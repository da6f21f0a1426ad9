#include "server/runtime/endpoint_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace basin::server::runtime {

absl::StatusOr<std::unique_ptr<EndpointFile>> EndpointFile::Write(const std::string& data_dir,
                                                                  const std::string& address, const std::string& name) {
  const std::string path = data_dir + "/" + name, fresh = path + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "we");
  bool written = file != nullptr && std::fprintf(file, "%s\n", address.c_str()) > 0;
  if (file != nullptr && std::fclose(file) != 0) written = false;
  if (!written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<EndpointFile>(new EndpointFile(path));
}

EndpointFile::~EndpointFile() { std::remove(path_.c_str()); }

}  // namespace basin::server::runtime
