#include "client/claims/sweep_results.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/claims/field_names.h"

namespace basin::client::claims {
namespace {

std::string LastPart(const std::string& path) { return path.substr(path.rfind('.') + 1); }

// What tells `best` from the other configs of its group, but for what all of them share.
std::string Among(const ClaimSweep& sweep, const std::vector<uint64_t>& configs, uint64_t best) {
  const std::vector<std::string> paths = sweep.space->ParamPaths();
  const std::vector<std::string> of_best = ParamsAt(sweep, best, paths);
  std::vector<std::string> parts;
  for (size_t i = 0; i < paths.size(); ++i) {
    const bool varies = std::any_of(configs.begin(), configs.end(), [&](uint64_t config) {
      return ParamsAt(sweep, config, {paths[i]}).front() != of_best[i];
    });
    if (varies && !of_best[i].empty()) parts.push_back(absl::StrCat(LastPart(paths[i]), "=", of_best[i]));
  }
  return absl::StrJoin(parts, ", ");
}

Group MakeGroup(const SweepResults& results, std::string name, std::vector<uint64_t> configs,
                const std::vector<uint64_t>& seed_positions) {
  Group group{.name = std::move(name), .among = {}, .configs = std::move(configs), .best = 0};
  group.best = results.Best(group.configs, seed_positions);
  group.among = Among(results.sweep(), group.configs, group.best);
  return group;
}

}  // namespace

void SweepResults::Add(const v1::Trial& trial) {
  Trial& kept = trials_[trial.index()];
  kept.objective = trial.has_objective() ? trial.objective() : std::numeric_limits<double>::quiet_NaN();
  // What a diverged trial measured last is no result.
  if (trial.state() != v1::TRIAL_STATE_SUCCEEDED) return;
  for (const auto& [name, value] : trial.metrics()) kept.metrics[name] = value;
}

double SweepResults::Value(uint64_t config, uint64_t seed_position, const std::string& metric) const {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto trial = trials_.find(seed_position * configs() + config);
  if (trial == trials_.end()) return kNone;
  if (metric == ObjectiveOf(sweep_->spec)) return trial->second.objective;
  const auto value = trial->second.metrics.find(metric);
  return value == trial->second.metrics.end() ? kNone : value->second;
}

std::vector<double> SweepResults::Values(uint64_t config, const std::string& metric) const {
  std::vector<double> values;
  for (uint64_t position = 0; position < seeds(); ++position) values.push_back(Value(config, position, metric));
  return values;
}

std::vector<uint64_t> SweepResults::AllSeeds() const {
  std::vector<uint64_t> positions(seeds());
  std::iota(positions.begin(), positions.end(), uint64_t{0});
  return positions;
}

uint64_t SweepResults::Best(const std::vector<uint64_t>& configs, const std::vector<uint64_t>& seed_positions) const {
  const std::string metric = ObjectiveOf(sweep_->spec);
  const double sign = LowerIsBetter(sweep_->spec, metric) ? 1 : -1;
  const auto rank = [&](uint64_t config) {
    std::vector<double> values;
    for (const uint64_t position : seed_positions) values.push_back(Value(config, position, metric));
    const contract::Aggregate over_seeds = contract::Summarize(values);
    const double mean = over_seeds.mean ? sign * *over_seeds.mean : std::numeric_limits<double>::infinity();
    return std::tuple(seed_positions.size() - over_seeds.n, mean, config);
  };
  return *std::min_element(configs.begin(), configs.end(), [&](uint64_t a, uint64_t b) { return rank(a) < rank(b); });
}

Group GroupOf(const SweepResults& results, const Selection& selection, const Selection& other_side,
              const std::vector<uint64_t>& seed_positions) {
  std::vector<std::string> parts;
  for (const Condition& condition : selection.conditions) {
    const auto& others = other_side.conditions;
    const bool shared = std::any_of(others.begin(), others.end(), [&](const Condition& other) {
      return other.path == condition.path && other.values == condition.values;
    });
    if (shared || condition.values.size() > 1) continue;
    parts.push_back(absl::StrCat(LastPart(condition.name), "=", condition.values[0]));
  }
  return MakeGroup(results, absl::StrJoin(parts, ", "), ConfigsOf(results.sweep(), selection), seed_positions);
}

std::string NameWithBest(const Group& group) {
  if (group.among.empty()) return group.name;
  return group.name.empty() ? group.among : absl::StrCat(group.name, " (best with ", group.among, ")");
}

std::vector<Group> GroupsOf(const SweepResults& results, const Selection& of, const std::vector<std::string>& by) {
  std::vector<std::pair<std::string, std::vector<uint64_t>>> found;
  for (const uint64_t config : ConfigsOf(results.sweep(), of)) {
    const std::vector<std::string> values = ParamsAt(results.sweep(), config, by);
    std::vector<std::string> parts;
    for (size_t i = 0; i < by.size(); ++i) {
      if (!values[i].empty()) parts.push_back(absl::StrCat(LastPart(by[i]), "=", values[i]));
    }
    const std::string name = absl::StrJoin(parts, ", ");
    const auto at = std::find_if(found.begin(), found.end(), [&](const auto& group) { return group.first == name; });
    if (at != found.end()) {
      at->second.push_back(config);
    } else {
      found.push_back({name, {config}});
    }
  }
  std::vector<Group> groups;
  for (auto& [name, configs] : found)
    groups.push_back(MakeGroup(results, name, std::move(configs), results.AllSeeds()));
  return groups;
}

}  // namespace basin::client::claims
