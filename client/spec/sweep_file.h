#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "client/spec/problem.h"
#include "client/spec/small_file.h"

namespace basin::client::spec {

// A sweep file of at most kMaxFileBytes: YAML or JSON, one tree with the proto's field names, in which any value below
// `train` may be replaced by a domain, a mapping whose key begins with `$`. The answer has passed
// contract::ValidateSweep.
//
// INVALID_ARGUMENT with one mistake a line, in the order of the file, at most kMaxProblems of them:
//   FILE:LINE:COLUMN: PATH: what was expected (did you mean 'X'?)
// A file that cannot be read is INVALID_ARGUMENT, too: `FILE: why`.
absl::StatusOr<v1::SweepSpec> ParseSweepFile(const std::string& path);

// The same for text; `filename` is what messages call it.
absl::StatusOr<v1::SweepSpec> ParseSweepText(std::string_view text, const std::string& filename);

}  // namespace basin::client::spec
