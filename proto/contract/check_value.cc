#include "proto/contract/check_value.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/field_text.h"
#include "proto/contract/value.h"

namespace basin::contract {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

std::string KindOf(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kStringValue:
      return Excerpt(value.string_value());
    case v1::Value::KIND_NOT_SET:
      return "nothing";
    default:
      return FormatValue(value);
  }
}

absl::Status Fault(const std::string& expected, const v1::Value& value) {
  return absl::InvalidArgumentError(absl::StrCat(expected, ", is ", KindOf(value)));
}

bool IsName(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  if (text.empty() || text.size() > 128 || !alphanumeric(text[0])) return false;
  for (const char c : text) {
    if (!alphanumeric(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

// In long double, which holds every int64.
absl::Status CheckBounds(const v1::FieldRule& rule, long double number, const v1::Value& value) {
  if (rule.has_min() && !(number >= rule.min())) {
    return Fault(absl::StrCat("must be at least ", FormatNumber(rule.min())), value);
  }
  if (rule.has_above() && !(number > rule.above())) {
    return Fault(absl::StrCat("must be above ", FormatNumber(rule.above())), value);
  }
  if (rule.has_max() && !(number <= rule.max())) {
    return Fault(absl::StrCat("must be at most ", FormatNumber(rule.max())), value);
  }
  if (rule.has_below() && !(number < rule.below())) {
    return Fault(absl::StrCat("must be below ", FormatNumber(rule.below())), value);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Value> CheckText(const v1::FieldRule& rule, const v1::Value& value) {
  if (value.kind_case() != v1::Value::kStringValue) return Fault("must be text", value);
  const std::string& text = value.string_value();
  if (rule.name() && !IsName(text)) {
    return Fault("must be a name (at most 128 letters, digits, '.', '_' or '-', the first a letter or digit)", value);
  }
  if (rule.required() && text.empty()) return absl::InvalidArgumentError("must not be empty");
  if (rule.max_items() > 0 && text.size() > rule.max_items()) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be at most ", rule.max_items(), " bytes long, has ", text.size()));
  }
  return value;
}

absl::StatusOr<v1::Value> CheckEnum(const FieldDescriptor* field, const v1::Value& value) {
  const EnumValueDescriptor* found =
      value.kind_case() == v1::Value::kStringValue ? FindEnumValue(field, value.string_value()) : nullptr;
  if (found != nullptr) return TextValue(ShortEnumName(found));
  const std::vector<std::string> names = ShortEnumNames(field->enum_type());
  return absl::InvalidArgumentError(absl::StrCat("must be one of ", absl::StrJoin(names, ", "), ", is ", KindOf(value),
                                                 DidYouMean(value.string_value(), names)));
}

absl::StatusOr<v1::Value> CheckReal(const v1::FieldRule& rule, const v1::Value& value) {
  if (value.kind_case() != v1::Value::kDoubleValue && value.kind_case() != v1::Value::kIntValue) {
    return Fault("must be a number", value);
  }
  const double number =
      value.kind_case() == v1::Value::kIntValue ? static_cast<double>(value.int_value()) : value.double_value();
  if (!std::isfinite(number)) return Fault("must be a finite number", value);
  if (absl::Status bounds = CheckBounds(rule, number, value); !bounds.ok()) return bounds;
  return RealValue(number);
}

// Least and greatest number of an integer field that a Value can carry.
std::pair<int64_t, int64_t> IntegerRange(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {0, std::numeric_limits<uint32_t>::max()};
    case FieldDescriptor::CPPTYPE_UINT64:
      return {0, std::numeric_limits<int64_t>::max()};
    default:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  }
}

absl::StatusOr<v1::Value> CheckInteger(const FieldDescriptor* field, const v1::FieldRule& rule,
                                       const v1::Value& value) {
  int64_t number = 0;
  const std::string expected = rule.has_keyword()
                                   ? absl::StrCat("must be a whole number or '", rule.keyword().name(), "'")
                                   : std::string("must be a whole number");
  if (value.kind_case() == v1::Value::kStringValue && rule.has_keyword()) {
    if (value.string_value() == rule.keyword().name()) return value;
    return absl::InvalidArgumentError(
        absl::StrCat(expected, ", is ", KindOf(value), DidYouMean(value.string_value(), {rule.keyword().name()})));
  } else if (value.kind_case() == v1::Value::kIntValue) {
    number = value.int_value();
  } else if (value.kind_case() == v1::Value::kDoubleValue && std::fabs(value.double_value()) <= 9007199254740992.0 &&
             std::trunc(value.double_value()) == value.double_value()) {
    number = static_cast<int64_t>(value.double_value());
  } else {
    if (value.kind_case() == v1::Value::kDoubleValue) {
      if (absl::Status bounds = CheckBounds(rule, value.double_value(), value); !bounds.ok()) return bounds;
    }
    return Fault(expected, value);
  }
  if (rule.has_keyword() && number >= 0 && static_cast<uint64_t>(number) == rule.keyword().value()) {
    return TextValue(rule.keyword().name());
  }
  if (absl::Status bounds = CheckBounds(rule, static_cast<long double>(number), value); !bounds.ok()) return bounds;
  const auto [least, greatest] = IntegerRange(field);
  if (number < least) return Fault(absl::StrCat("must be at least ", least), value);
  if (number > greatest) return Fault(absl::StrCat("must be at most ", greatest), value);
  return IntValue(number);
}

}  // namespace

absl::StatusOr<v1::Value> CheckValue(const FieldPath& path, const v1::Value& value) {
  if (!path.is_scalar()) return Fault("must be a message or list, not one value", value);
  const FieldDescriptor* field = path.field();
  const v1::FieldRule& rule = RuleOf(field);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value.kind_case() != v1::Value::kBoolValue) return Fault("must be true or false", value);
      return value;
    case FieldDescriptor::CPPTYPE_STRING:
      return CheckText(rule, value);
    case FieldDescriptor::CPPTYPE_ENUM:
      return CheckEnum(field, value);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return CheckReal(rule, value);
    default:
      return CheckInteger(field, rule, value);
  }
}

}  // namespace basin::contract
