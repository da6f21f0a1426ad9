#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace basin::server::store {

// Holds an exclusive lock on a file while it lives. The kernel lets go of it with the process, however that ends; the
// file stays.
class FileLock {
 public:
  // Creates the file and writes this process's id into it. FAILED_PRECONDITION names the process that has it.
  static absl::StatusOr<FileLock> Acquire(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace basin::server::store
