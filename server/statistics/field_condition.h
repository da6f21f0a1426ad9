#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"

namespace basin::server::statistics {

// The one of `paths` that `field` names: the path itself, or as much of its end as belongs to one path alone
// (`batch_size` for `train.batch_size`). The error is a sentence for users that names the candidates.
absl::StatusOr<std::string> FindParam(std::string_view field, const std::vector<std::string>& paths);

enum class Comparison { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

// `FIELD=VALUE` and its kin.
struct FieldCondition {
  std::string path;
  Comparison comparison = Comparison::kEqual;
  std::string text;
  std::optional<double> number;  // `text`, if it is one.

  // Numbers compare as numbers, whatever their spelling, other values as users write them; `sgdr` stands for every
  // option `sgdr(...)` of a choice. Between a number and a word only = and != say anything: `full` is not below 64.
  bool HoldsOf(const v1::Value& value) const;
};

// The error is a sentence for users.
absl::StatusOr<FieldCondition> ParseCondition(std::string_view condition, const std::vector<std::string>& paths);

// The number that a value is.
std::optional<double> NumberOf(const v1::Value& value);

}  // namespace basin::server::statistics
