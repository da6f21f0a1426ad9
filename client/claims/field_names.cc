#include "client/claims/field_names.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/field_text.h"
#include "proto/contract/metric_direction.h"
#include "proto/contract/metric_names.h"

namespace basin::client::claims {

std::string ObjectiveOf(const v1::SweepSpec& spec) {
  return spec.objective().has_maximize() ? spec.objective().maximize() : spec.objective().minimize();
}

bool LowerIsBetter(const v1::SweepSpec& spec, const std::string& metric) {
  if (metric == ObjectiveOf(spec)) return !spec.objective().has_maximize();
  return !contract::HigherIsBetter(metric);
}

std::vector<std::string> MetricsOf(const ClaimSweep& sweep) {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (uint64_t config = 0; config < sweep.space->size(); ++config) {
    const v1::Workload workload = sweep.space->Resolve(config);
    for (const std::string& name : contract::MetricNames(workload)) add(name);
    if (workload.has_train()) add(kEpochsTaken);
  }
  return names;
}

absl::StatusOr<std::string> FindParam(const ClaimSweep& sweep, const std::string& name) {
  const std::vector<std::string> paths = sweep.space->ParamPaths();
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    if (path == name) return path;
    if (!name.empty() && path.ends_with("." + name)) found.push_back(path);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1) return absl::InvalidArgumentError("may be each of " + absl::StrJoin(found, ", "));
  return absl::InvalidArgumentError(
      absl::StrCat("is not a field that the sweep varies; those are ", absl::StrJoin(paths, ", ")));
}

std::vector<std::string> ParamsAt(const ClaimSweep& sweep, uint64_t config, const std::vector<std::string>& paths) {
  std::vector<std::string> values(paths.size());
  for (const v1::Param& param : sweep.space->Params(config)) {
    const auto at = std::find(paths.begin(), paths.end(), param.path());
    if (at != paths.end()) values[static_cast<size_t>(at - paths.begin())] = contract::FormatValue(param.value());
  }
  return values;
}

std::vector<std::string> ValuesOf(const ClaimSweep& sweep, const std::string& path) {
  std::vector<std::string> values;
  for (uint64_t config = 0; config < sweep.space->size(); ++config) {
    const std::string value = ParamsAt(sweep, config, {path}).front();
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  return values;
}

bool SameValue(std::string_view a, std::string_view b) {
  double x = 0, y = 0;
  return a == b || (absl::SimpleAtod(std::string(a), &x) && absl::SimpleAtod(std::string(b), &y) && x == y);
}

std::vector<uint64_t> ConfigsOf(const ClaimSweep& sweep, const Selection& selection) {
  std::vector<std::string> paths;
  for (const Condition& condition : selection.conditions) paths.push_back(condition.path);
  std::vector<uint64_t> configs;
  for (uint64_t config = 0; config < sweep.space->size(); ++config) {
    const std::vector<std::string> values = ParamsAt(sweep, config, paths);
    bool selected = true;
    for (size_t i = 0; i < paths.size(); ++i) {
      const std::vector<std::string>& wanted = selection.conditions[i].values;
      selected = selected && std::find(wanted.begin(), wanted.end(), values[i]) != wanted.end();
    }
    if (selected) configs.push_back(config);
  }
  return configs;
}

}  // namespace basin::client::claims
