#pragma once

#include "absl/status/status.h"

namespace basin::client::api {

// Scripts rely on these numbers.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,  // Also an invalid sweep file.
  kNotFound = 3,
  kPermission = 4,
  kUnreachable = 5,
  kDeadline = 6,
  kInterrupted = 130,
};

ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace basin::client::api
