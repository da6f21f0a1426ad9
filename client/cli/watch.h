#pragma once

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"

namespace basin::client::cli {

// Follows the sweep to its end and says how it ended. The exit code: 1 if a trial failed or the sweep did not come to
// its end; 130 when Ctrl-C left the watching, not the sweep.
absl::StatusOr<int> Watch(Context& context, const std::string& id, size_t terminal_width, std::ostream& out);

}  // namespace basin::client::cli
