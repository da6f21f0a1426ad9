#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace basin::client::spec {

inline constexpr size_t kMaxFileBytes = 1 << 20;

// The text of a regular file of at most kMaxFileBytes; no more is read of a larger one. INVALID_ARGUMENT: `FILE: why`.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

// The answer for a text above kMaxFileBytes.
absl::Status TooLargeFile(const std::string& filename);

}  // namespace basin::client::spec
