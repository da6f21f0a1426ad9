#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/claims/claim.h"

namespace basin::client::claims {

// The text of a sweep file that the claims name.
using ReadSweep = std::function<absl::StatusOr<std::string>(const std::string& file)>;

// A claims file: YAML, `claims:` and a list of them, whose form deploy/examples/article/README.md tells. Every sweep
// file is read and checked, and every field, value and metric that is named belongs to its sweep. INVALID_ARGUMENT with
// one mistake a line: FILE:LINE:COLUMN: FIELD: what was expected.
absl::StatusOr<std::vector<Claim>> ParseClaims(std::string_view text, const std::string& filename,
                                               const ReadSweep& read_sweep);

}  // namespace basin::client::claims
