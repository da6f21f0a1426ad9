#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace basin::contract {

// Under this type URL the violations travel, as bytes of google.rpc.BadRequest.
inline constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";

// One thing that is wrong with a message: where, and what was expected.
struct Violation {
  std::string path;         // From the checked message on, such as `base.train.batch_size` or `domains[2].values`.
  std::string description;  // One sentence without the path, such as "must be at least 1, is 0".
};

// INVALID_ARGUMENT whose message is "path: description", with "; and N more" when there are several. The violations
// travel as a payload, which contract/status turns into google.rpc.BadRequest. REQUIRES: not empty.
absl::Status InvalidArgument(const std::vector<Violation>& violations);

// The same fault with `prefix` before each of its paths: of a part that knows its own fields alone. A status without
// violations stays as it is. REQUIRES: not OK.
absl::Status Under(const std::string& prefix, const absl::Status& status);

// The violations in a status that InvalidArgument made or that came over the wire; empty if there are none.
std::vector<Violation> ViolationsOf(const absl::Status& status);

}  // namespace basin::contract
