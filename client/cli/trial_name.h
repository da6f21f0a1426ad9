#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace basin::client::cli {

// What a user types for trials: `SWEEP/INDEX` for one, `SWEEP` for all of a sweep.
struct TrialName {
  std::string sweep;
  std::optional<uint64_t> index;
};

// INVALID_ARGUMENT, with the form, for another text.
absl::StatusOr<TrialName> ParseTrialName(const std::string& text);

}  // namespace basin::client::cli
