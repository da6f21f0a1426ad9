#pragma once

#include <string>
#include <utility>
#include <vector>

#include "basin/v1/sweep.pb.h"

namespace basin::client::cli {

// A sweep's domains for people, a line each: a param's name and its values. A choice stands before the domains of its
// options, which are further to the right.
std::vector<std::string> SpaceLines(const v1::SweepSpec& spec);

// The same as a JSON list with an object a domain; client/cli/output.md has their fields.
std::string SpaceJson(const v1::SweepSpec& spec);

}  // namespace basin::client::cli
