#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/contract/space.h"

namespace basin::client::cli {

// The values that configs have at a path of the space's ParamPaths(), as users write them, in order of first
// appearance: at most `most`.
std::vector<std::string> ParamValues(const contract::Space& space, const std::string& path, size_t most = SIZE_MAX);

// "16, 32, 128"; those beyond `most` as "...".
std::string ParamValuesText(const contract::Space& space, const std::string& path, size_t most);

}  // namespace basin::client::cli
