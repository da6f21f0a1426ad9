#pragma once

#include <string>
#include <vector>

#include "client/claims/claim.h"
#include "client/claims/sweep_results.h"

namespace basin::client::claims {

// The drawings of a picture that needs nothing but what trials ended with: all but curves. SVG; none where there are no
// values.
std::vector<std::string> Draw(const Picture& picture, const SweepResults& results);

}  // namespace basin::client::claims
