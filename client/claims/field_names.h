#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/claims/claim.h"

namespace basin::client::claims {

// The metric that a sweep minimizes or maximizes.
std::string ObjectiveOf(const v1::SweepSpec& spec);
// Whether less of a metric is better, by the objective or by the metric's own nature.
bool LowerIsBetter(const v1::SweepSpec& spec, const std::string& metric);

// What a test or picture of the sweep may name; those that an option of a choice adds, too.
std::vector<std::string> MetricsOf(const ClaimSweep& sweep);

// The whole path of the one param whose path is `name` or ends with it, in whole parts. INVALID_ARGUMENT names those
// that there are.
absl::StatusOr<std::string> FindParam(const ClaimSweep& sweep, const std::string& name);

// The values of a config at paths of params, as users write them; empty where a param does not apply.
std::vector<std::string> ParamsAt(const ClaimSweep& sweep, uint64_t config, const std::vector<std::string>& paths);

// The values that some config has there, in order of first appearance.
std::vector<std::string> ValuesOf(const ClaimSweep& sweep, const std::string& path);

// Equal texts, or numbers of the same value.
bool SameValue(std::string_view a, std::string_view b);

// The selected configs, ascending.
std::vector<uint64_t> ConfigsOf(const ClaimSweep& sweep, const Selection& selection);

}  // namespace basin::client::claims
