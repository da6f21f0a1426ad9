#pragma once

#include <istream>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"

namespace basin::client::cli {

// All of `in`, as far as a sweep file may go and a byte more.
std::string ReadSpecText(std::istream& in);

// The sweep in the file `source`, or in `in` when it is `-`, checked by contract::ValidateSweep. Every error is
// INVALID_ARGUMENT, a file that is not there too: it is a mistake in the command line.
absl::StatusOr<v1::SweepSpec> LoadSpec(const std::string& source, std::istream& in);

}  // namespace basin::client::cli
