#include "server/statistics/config_groups.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/field_path.h"

namespace basin::server::statistics {

std::optional<v1::Value> ValueAt(const contract::Space& space, uint64_t config, const std::string& path) {
  for (v1::Param& param : space.Params(config)) {
    if (param.path() == path) return std::move(*param.mutable_value());
  }
  return std::nullopt;
}

ConfigGroups::ConfigGroups(const contract::Space& space, std::vector<FieldCondition> conditions,
                           const std::optional<std::vector<std::string>>& columns)
    : space_(space) {
  for (FieldCondition& condition : conditions) {
    DigitTable<bool> holds(space.DigitOf(condition.path));
    conditions_.push_back({std::move(condition), std::move(holds)});
  }
  if (!columns) return;
  columns_.emplace();
  for (const std::string& path : *columns) {
    const contract::Space::Digit digit = space.DigitOf(path);
    auto same = std::ranges::find_if(*columns_, [&](const Columns& of) { return of.codes.digit() == digit; });
    if (same == columns_->end()) same = columns_->insert(same, Columns{{}, DigitTable<uint64_t>(digit), {}});
    same->paths.push_back(path);
  }
}

uint32_t ConfigGroups::Place(uint64_t config) {
  if (config >= of_config_.size()) of_config_.resize(std::max<uint64_t>(config + 1, 2 * of_config_.size()), kUnseen);
  uint32_t group = kLeftOut;
  if (AllHold(config)) {
    group = static_cast<uint32_t>(groups_.size());
    if (columns_) group = by_key_.try_emplace(KeyOf(config), group).first->second;
    if (group == groups_.size()) groups_.push_back({.first_config = config, .configs = 0});
    groups_[group].first_config = std::min(groups_[group].first_config, config);
    ++groups_[group].configs;
  }
  ++seen_;
  return of_config_[config] = group;
}

bool ConfigGroups::CountUnseen(uint64_t configs) {
  constexpr uint64_t kMostUnseen = 100000;
  const uint64_t unseen = configs - std::min(configs, seen_);
  if (unseen > kMostUnseen) return false;
  if (unseen == 0) return true;
  for (uint64_t config = 0; config < configs; ++config) {
    if (config < of_config_.size() && of_config_[config] != kUnseen) continue;
    if (!AllHold(config)) continue;
    const auto found = by_key_.find(KeyOf(config));
    if (found != by_key_.end()) ++groups_[found->second].configs;
  }
  return true;
}

bool ConfigGroups::AllHold(uint64_t config) {
  return std::ranges::all_of(conditions_, [&](Condition& c) {
    return c.holds.Of(config, [&](uint64_t example) {
      const std::optional<v1::Value> value = ValueAt(space_, example, c.condition.path);
      return value && c.condition.HoldsOf(*value);
    });
  });
}

uint64_t ConfigGroups::KeyOf(uint64_t config) {
  if (!columns_) return config;
  uint64_t key = 0;
  for (Columns& columns : *columns_) {
    const uint64_t code = columns.codes.Of(config, [&](uint64_t example) {
      std::string values;
      for (const std::string& path : columns.paths) {
        const std::optional<v1::Value> value = ValueAt(space_, example, path);
        const std::string text = value ? contract::FormatValue(*value) : "";
        absl::StrAppend(&values, value ? static_cast<int>(value->kind_case()) : 0, ":", text.size(), ":", text);
      }
      return columns.code_of.try_emplace(values, columns.code_of.size()).first->second;
    });
    key = key * columns.codes.digit().size + code;
  }
  return key;
}

}  // namespace basin::server::statistics
