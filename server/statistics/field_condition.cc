#include "server/statistics/field_condition.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/field_path.h"

namespace basin::server::statistics {
namespace {

std::string Trim(std::string_view text) {
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
}

bool EndsWithField(const std::string& path, std::string_view field) {
  return path.size() > field.size() + 1 && path[path.size() - field.size() - 1] == '.' &&
         std::string_view(path).ends_with(field);
}

// `sgdr` of `sgdr(first_period_epochs=10)`.
std::string_view OptionName(std::string_view text) {
  const size_t parenthesis = text.find('(');
  return parenthesis == std::string_view::npos ? text : text.substr(0, parenthesis);
}

}  // namespace

absl::StatusOr<std::string> FindParam(std::string_view field, const std::vector<std::string>& paths) {
  std::vector<std::string> candidates;
  for (const std::string& path : paths) {
    if (path == field) return path;
    if (EndsWithField(path, field)) candidates.push_back(path);
  }
  if (candidates.size() == 1) return candidates.front();
  const std::string quoted = absl::StrCat("\"", std::string(field), "\"");
  if (candidates.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(quoted, " could be any of ", absl::StrJoin(candidates, ", "), "; write more of the path"));
  }
  if (paths.empty()) return absl::InvalidArgumentError(absl::StrCat(quoted, " is no param: the sweep has none"));
  return absl::InvalidArgumentError(
      absl::StrCat(quoted, " is no param of the sweep; it has ", absl::StrJoin(paths, ", ")));
}

std::optional<double> NumberOf(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kIntValue:
      return static_cast<double>(value.int_value());
    case v1::Value::kDoubleValue:
      return value.double_value();
    default:
      return std::nullopt;
  }
}

bool FieldCondition::HoldsOf(const v1::Value& value) const {
  const std::optional<double> held = NumberOf(value);
  const bool both_numbers = held && number;
  const std::string shown = contract::FormatValue(value);
  const bool equal = both_numbers ? *held == *number : shown == text || OptionName(shown) == text;
  switch (comparison) {
    case Comparison::kEqual:
      return equal;
    case Comparison::kNotEqual:
      return !equal;
    case Comparison::kLess:
      return both_numbers && *held < *number;
    case Comparison::kLessOrEqual:
      return both_numbers && *held <= *number;
    case Comparison::kGreater:
      return both_numbers && *held > *number;
    case Comparison::kGreaterOrEqual:
      return both_numbers && *held >= *number;
  }
  return false;
}

absl::StatusOr<FieldCondition> ParseCondition(std::string_view condition, const std::vector<std::string>& paths) {
  const std::string quoted = absl::StrCat("\"", std::string(condition), "\"");
  const size_t at = condition.find_first_of("=!<>");
  if (at == std::string_view::npos || at == 0) {
    return absl::InvalidArgumentError(absl::StrCat(quoted, " is no condition; write FIELD=VALUE, or !=, <, <=, >, >="));
  }
  static constexpr struct {
    std::string_view text;
    Comparison comparison;
  } kComparisons[] = {{"!=", Comparison::kNotEqual},       {"<=", Comparison::kLessOrEqual},
                      {">=", Comparison::kGreaterOrEqual}, {"==", Comparison::kEqual},
                      {"=", Comparison::kEqual},           {"<", Comparison::kLess},
                      {">", Comparison::kGreater}};
  FieldCondition result;
  std::string_view rest;
  for (const auto& known : kComparisons) {
    if (!condition.substr(at).starts_with(known.text)) continue;
    result.comparison = known.comparison;
    rest = condition.substr(at + known.text.size());
    break;
  }
  if (rest.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(quoted, " has no value; write FIELD=VALUE, or !=, <, <=, >, >="));
  }
  absl::StatusOr<std::string> path = FindParam(Trim(condition.substr(0, at)), paths);
  if (!path.ok()) return path.status();
  result.path = *std::move(path);
  result.text = Trim(rest);
  double number = 0;
  if (absl::SimpleAtod(result.text, &number) && std::isfinite(number)) result.number = number;
  if (!result.number && result.comparison != Comparison::kEqual && result.comparison != Comparison::kNotEqual) {
    return absl::InvalidArgumentError(
        absl::StrCat(quoted, " compares with ", result.text, ", which is not a number; only = and != work with words"));
  }
  return result;
}

}  // namespace basin::server::statistics
