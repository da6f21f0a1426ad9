#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/cli/context.h"
#include "client/cli/trained_trial.h"

namespace basin::client::cli {

// The way of a descent on a surface, from the points that it reported: as rows on stdout; or, of one in a plane, into
// the file `out` on the values of the function, for which a sweep over points * points places runs. FAILED_PRECONDITION
// when the server has no points of it. REQUIRES: the trial's workload is a surface.
absl::Status ShowDescent(Context& context, const NamedTrial& trial, const std::string& out, uint64_t points);

}  // namespace basin::client::cli
