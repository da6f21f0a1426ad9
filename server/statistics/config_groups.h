#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "proto/contract/space.h"
#include "server/statistics/field_condition.h"

namespace basin::server::statistics {

// A function of one digit of a config's index, computed once for each digit that occurs.
template <typename T>
class DigitTable {
 public:
  explicit DigitTable(contract::Space::Digit digit) : digit_(digit) {}
  const contract::Space::Digit& digit() const { return digit_; }

  // `compute` is called with a config that has the same digit as `config`.
  template <typename Compute>
  const T& Of(uint64_t config, Compute compute) {
    const uint64_t at = digit_.Of(config);
    if (at >= known_.size()) known_.resize(std::min(digit_.size, 2 * at + 1));
    if (!known_[at]) known_[at] = compute(at * digit_.stride);
    return *known_[at];
  }

 private:
  contract::Space::Digit digit_;
  std::vector<std::optional<T>> known_;
};

// Configs in groups: of equal values at some params, or each alone; without those of which a condition does not hold.
// Takes a look at params for each value of a domain, not for each config. Memory grows with the largest config asked
// for.
class ConfigGroups {
 public:
  static constexpr uint32_t kLeftOut = UINT32_MAX;
  struct Group {
    uint64_t first_config = 0;
    uint64_t configs = 0;
  };

  // Groups of configs with the same values at `columns`, or both without one; nullopt: each config is a group.
  ConfigGroups(const contract::Space& space, std::vector<FieldCondition> conditions,
               const std::optional<std::vector<std::string>>& columns);

  // The group of a config, by its place in groups(); kLeftOut: a condition does not hold of it. The first call for a
  // config counts it.
  uint32_t Find(uint64_t config) {
    if (config < of_config_.size() && of_config_[config] != kUnseen) return of_config_[config];
    return Place(config);
  }
  // Counts the configs below `configs` that Find was not asked for into the groups that exist. False if there are too
  // many to look at.
  bool CountUnseen(uint64_t configs);

  const std::vector<Group>& groups() const { return groups_; }

 private:
  static constexpr uint32_t kUnseen = UINT32_MAX - 1;
  struct Condition {
    FieldCondition condition;
    DigitTable<bool> holds;
  };
  // Columns that one digit gives.
  struct Columns {
    std::vector<std::string> paths;
    DigitTable<uint64_t> codes;  // Of the columns' values together: below the digit's size.
    std::map<std::string, uint64_t> code_of;
  };

  uint32_t Place(uint64_t config);
  bool AllHold(uint64_t config);
  // Equal for configs of the same group.
  uint64_t KeyOf(uint64_t config);

  const contract::Space& space_;
  std::vector<Condition> conditions_;
  std::optional<std::vector<Columns>> columns_;
  std::unordered_map<uint64_t, uint32_t> by_key_;  // If there are columns.
  std::vector<uint32_t> of_config_;
  uint64_t seen_ = 0;
  std::vector<Group> groups_;
};

// The value of `config` at `path`, if it has one.
std::optional<v1::Value> ValueAt(const contract::Space& space, uint64_t config, const std::string& path);

}  // namespace basin::server::statistics
