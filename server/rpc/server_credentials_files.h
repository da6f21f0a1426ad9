#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/tls_files.h"

namespace basin::server::rpc {

// A file without a place on disk, whose content is replaced as a whole.
class MemoryFile {
 public:
  MemoryFile() = default;
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // Whoever opens the path gets the whole old content or the whole new one. RESOURCE_EXHAUSTED leaves the old one.
  absl::Status Replace(const std::string& content);
  // For this process; from the first Replace on.
  std::string path() const;

 private:
  int file_ = -1;
  time_t version_ = 0;
};

// The server's TLS files as they were when they were good last, copied to memory for gRPC: it would take up whatever
// stands in a file, and with a key that does not belong to the certificate refuse every caller.
class ServerCredentialsFiles {
 public:
  // An error is that of the files, and names the one.
  static absl::StatusOr<std::unique_ptr<ServerCredentialsFiles>> Open(const contract::TlsFiles& files);
  ~ServerCredentialsFiles();

  // The copies. Certificate and key are one file, so that they change together.
  contract::TlsFiles in_use() const;

  // Reads the files. They are in use from then on if they are good, and were the same at the look before: not half
  // written. The log says so, and once what is wrong with files that are not good. One call at a time.
  void Look();
  // Looks every second from now on.
  void Watch();

 private:
  struct Content {
    std::string identity, ca, valid_until;
    std::string fault;  // Empty: none.
    bool operator==(const Content&) const = default;
  };

  explicit ServerCredentialsFiles(const contract::TlsFiles& files) : files_(files) {}
  static absl::StatusOr<Content> Load(const contract::TlsFiles& files);
  absl::Status Take(const Content& content);

  const contract::TlsFiles files_;
  MemoryFile identity_, ca_;
  Content in_use_, last_;
  std::string told_;  // The fault that the log has.
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread watch_;
};

}  // namespace basin::server::rpc
