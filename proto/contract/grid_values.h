#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "basin/v1/domain.pb.h"
#include "proto/contract/field_path.h"
#include "proto/contract/violation.h"

namespace basin::contract {

// The values of a scalar domain in a grid: a function of an index, never a list (but for `values`). Values are
// distinct, stand in the field's own form, and every one keeps the field's rule. Immutable.
class GridValues {
 public:
  // The values of `domain`, whose kind is not a choice, for the scalar `field`. On a fault nothing, and the violations,
  // whose paths begin with `spec_path` (`domains[1]`).
  static std::optional<GridValues> Create(const v1::Domain& domain, const FieldPath& field,
                                          const std::string& spec_path, std::vector<Violation>* violations);

  // At least 1.
  uint64_t size() const { return size_; }
  // REQUIRES: index < size().
  v1::Value At(uint64_t index) const;
  // Whether they come from a list, whose element `index` is At(index).
  bool is_list() const { return kind_ == Kind::kList; }

 private:
  enum class Kind { kList, kLinear, kLog, kStep, kIntLinear, kIntLog, kIntStep, kNormal, kLogNormal };

  explicit GridValues(const FieldPath& field) : field_(field) {}
  bool FromList(const v1::Values& list, const std::string& path, std::vector<Violation>* violations);
  bool FromRange(const v1::Range& range, bool log, const std::string& path, std::vector<Violation>* violations);
  bool FromIntRange(const v1::IntRange& range, bool log, const std::string& path, std::vector<Violation>* violations);
  bool FromNormal(const v1::Normal& normal, bool log, const std::string& path, std::vector<Violation>* violations);
  bool LogPointsDiffer() const;
  double RealAt(uint64_t index) const;
  int64_t IntAt(uint64_t index) const;
  bool IsInt() const { return kind_ == Kind::kIntLinear || kind_ == Kind::kIntLog || kind_ == Kind::kIntStep; }

  FieldPath field_;
  Kind kind_ = Kind::kList;
  uint64_t size_ = 0;
  std::vector<v1::Value> list_;
  double low_ = 0;   // Or the mean.
  double high_ = 0;  // Or the standard deviation.
  double step_ = 0;
  int64_t int_low_ = 0;
  int64_t int_high_ = 0;
  uint64_t int_step_ = 0;
};

}  // namespace basin::contract
