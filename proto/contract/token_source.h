#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace basin::contract {

// A token in a file of its own, read again when the file has changed, so that it can be replaced under a running
// program. Thread-safe.
class TokenSource {
 public:
  // Errors name the file: NOT_FOUND, FAILED_PRECONDITION when everybody on the machine may read it, INVALID_ARGUMENT
  // when it does not hold one line.
  static absl::StatusOr<std::unique_ptr<TokenSource>> Open(const std::string& path);
  virtual ~TokenSource() = default;

  // The file's token; the last good one while the file is missing or damaged.
  virtual std::string Read() = 0;
};

}  // namespace basin::contract
