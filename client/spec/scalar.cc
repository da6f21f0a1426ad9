#include "client/spec/scalar.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/check_value.h"
#include "proto/contract/value.h"

namespace basin::client::spec {

using google::protobuf::FieldDescriptor;

namespace {

absl::Status Expected(const std::string& what, const Node& node, const std::string& hint = "") {
  return absl::InvalidArgumentError(absl::StrCat(what, ", is ", InWords(node), hint));
}

absl::StatusOr<v1::Value> ReadBool(const Node& node) {
  v1::Value value;
  if (!node.quoted && (node.text == "true" || node.text == "false")) {
    value.set_bool_value(node.text == "true");
    return value;
  }
  const std::string word = absl::AsciiStrToLower(node.text);
  std::string hint;
  if (word == "yes" || word == "on" || word == "y" || word == "true" || word == "1") hint = " (did you mean 'true'?)";
  if (word == "no" || word == "off" || word == "n" || word == "false" || word == "0") hint = " (did you mean 'false'?)";
  return Expected("must be true or false", node, hint);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A number in another base: `0x10`, `0o10`, or `010`, which is octal or not depending on whom one asks.
std::optional<absl::Status> RefuseOtherBase(const Node& node, std::string_view digits) {
  if (digits.size() < 2 || digits[0] != '0') return std::nullopt;
  const auto parse = [](std::string_view text, int base) -> std::optional<uint64_t> {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
  };
  const char mark = absl::ascii_tolower(digits[1]);
  if (mark == 'x' || mark == 'o' || mark == 'b') {
    const std::optional<uint64_t> number = parse(digits.substr(2), mark == 'x' ? 16 : mark == 'o' ? 8 : 2);
    if (!number) return std::nullopt;
    return Expected("must be a decimal number", node, absl::StrCat(" (did you mean '", *number, "'?)"));
  }
  if (!IsDigit(digits[1])) return std::nullopt;
  const std::optional<uint64_t> decimal = parse(digits, 10);
  if (!decimal) return Expected("must be a number without leading zeros", node);
  const std::optional<uint64_t> octal = parse(digits, 8);
  const std::string other = octal ? absl::StrCat(", or '", *octal, "' for octal") : "";
  return Expected("must be a number without leading zeros", node,
                  absl::StrCat(" (did you mean '", *decimal, "'", other, "?)"));
}

absl::StatusOr<v1::Value> ReadNumber(const Node& node, const FieldDescriptor* field) {
  v1::Value value;
  std::string_view text = node.text;
  const v1::FieldRule& rule = contract::RuleOf(field);
  if (rule.has_keyword() && text == rule.keyword().name()) {
    value.set_string_value(node.text);
    return value;
  }
  if (node.quoted) return Expected("must be a number", node, ", which is text; write it without quotes");
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  const std::string_view digits = !plus && text.starts_with('-') ? text.substr(1) : text;
  if (std::optional<absl::Status> refusal = RefuseOtherBase(node, digits)) return *refusal;
  const std::string word = absl::AsciiStrToLower(std::string(digits));
  if (word == ".inf" || word == "inf" || word == "infinity" || word == ".nan" || word == "nan") {
    return Expected("must be a finite number", node);
  }
  if (!digits.empty() && (IsDigit(digits[0]) || digits[0] == '.')) {
    const char* end = text.data() + text.size();
    int64_t whole = 0;
    if (const auto result = std::from_chars(text.data(), end, whole); result.ec == std::errc() && result.ptr == end) {
      value.set_int_value(whole);
      return value;
    }
    double real = 0;
    const auto result = std::from_chars(text.data(), end, real);
    if (result.ptr == end && result.ec == std::errc::result_out_of_range) {
      return Expected("must be a number within what double precision holds", node);
    }
    if (result.ptr == end && result.ec == std::errc()) {
      value.set_double_value(real);
      return value;
    }
  }
  value.set_string_value(node.text);  // No number: CheckValue says what was expected.
  return value;
}

absl::StatusOr<v1::Value> ReadRaw(const Node& node, const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return ReadBool(node);
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_ENUM:
      return contract::TextValue(node.text);
    default:
      return ReadNumber(node, field);
  }
}

// "must be text", for a node that is no scalar.
std::string ExpectedKind(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "must be true or false";
    case FieldDescriptor::CPPTYPE_STRING:
      return "must be text";
    case FieldDescriptor::CPPTYPE_ENUM:
      return "must be a word";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "must be a number";
    default:
      return "must be a whole number";
  }
}

}  // namespace

absl::StatusOr<v1::Value> ReadScalar(const Node& node, const FieldDescriptor* field) {
  if (!node.is_scalar()) return Expected(ExpectedKind(field), node);
  absl::StatusOr<v1::Value> value = ReadRaw(node, field);
  if (!value.ok()) return value;
  return contract::CheckValue({{{field, field->is_repeated() ? 0 : -1}}}, *value);
}

}  // namespace basin::client::spec
