#include "proto/contract/field_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/field_path.h"

namespace basin::contract {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

namespace {

// ACTIVATION_ of the enum Activation, as buf's STANDARD style has it.
size_t EnumPrefixLength(const EnumDescriptor* type) {
  const std::string& zero = type->FindValueByNumber(0)->name();
  constexpr std::string_view kUnspecified = "UNSPECIFIED";
  return zero.ends_with(kUnspecified) ? zero.size() - kUnspecified.size() : 0;
}

std::string DescribeMessage(const Message& message, bool nested);

std::string DescribeElement(const Message& message, const FieldDescriptor* field, int index) {
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return FormatValue(GetScalar(FieldPath{{{field, index}}}, message));
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  return DescribeMessage(
      index < 0 ? reflection.GetMessage(message, field) : reflection.GetRepeatedMessage(message, field, index), true);
}

std::string DescribeOne(const Message& message, const FieldDescriptor* field) {
  if (!field->is_repeated()) return DescribeElement(message, field, -1);
  std::vector<std::string> elements;
  const int size = message.GetReflection()->FieldSize(message, field);
  for (int i = 0; i < size; ++i) elements.push_back(DescribeElement(message, field, i));
  return absl::StrCat("[", absl::StrJoin(elements, ", "), "]");
}

// The settings of `message` but `left_out`: `a=1, b=2`.
std::vector<std::string> Settings(const Message& message, const FieldDescriptor* left_out) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<std::string> settings;
  for (const FieldDescriptor* field : fields) {
    if (field != left_out) settings.push_back(absl::StrCat(field->name(), "=", DescribeOne(message, field)));
  }
  return settings;
}

std::string DescribeMessage(const Message& message, bool nested) {
  const OneofDescriptor* oneof = AlternativesOf(message.GetDescriptor());
  const FieldDescriptor* chosen =
      oneof == nullptr ? nullptr : message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  std::vector<std::string> settings = Settings(message, chosen);
  if (chosen == nullptr) {
    const std::string text = absl::StrJoin(settings, ", ");
    return nested || text.empty() ? absl::StrCat("(", text, ")") : text;
  }
  const Message& option = message.GetReflection()->GetMessage(message, chosen);
  if (AlternativesOf(option.GetDescriptor()) != nullptr) {
    settings.insert(settings.begin(), DescribeMessage(option, true));
  } else {
    const std::vector<std::string> own = Settings(option, nullptr);
    settings.insert(settings.begin(), own.begin(), own.end());
  }
  return settings.empty() ? chosen->name() : absl::StrCat(chosen->name(), "(", absl::StrJoin(settings, ", "), ")");
}

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> distance(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        distance[i][j] = i + j;
        continue;
      }
      const size_t replaced = distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      distance[i][j] = std::min({distance[i - 1][j] + 1, distance[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
      }
    }
  }
  return distance[a.size()][b.size()];
}

}  // namespace

std::string ShortEnumName(const EnumValueDescriptor* value) {
  return absl::AsciiStrToLower(value->name().substr(EnumPrefixLength(value->type())));
}

const EnumValueDescriptor* FindEnumValue(const google::protobuf::FieldDescriptor* field, std::string_view name) {
  for (int i = 0; i < field->enum_type()->value_count(); ++i) {
    const EnumValueDescriptor* candidate = field->enum_type()->value(i);
    if (candidate->number() != 0 && (ShortEnumName(candidate) == name || candidate->name() == name)) return candidate;
  }
  return nullptr;
}

std::string Excerpt(std::string_view text) {
  constexpr size_t kMost = 64;
  return absl::StrCat("'", std::string(text.substr(0, kMost)), text.size() > kMost ? "...'" : "'");
}

std::vector<std::string> ShortEnumNames(const EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) names.push_back(ShortEnumName(type->value(i)));
  }
  return names;
}

std::string FormatNumber(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[64];
  const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof(buffer), value,
                                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  return std::string(buffer, end.ptr);
}

std::string FormatValue(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::Value::kIntValue:
      return std::to_string(value.int_value());
    case v1::Value::kDoubleValue:
      return FormatNumber(value.double_value());
    case v1::Value::kStringValue:
      return value.string_value();
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return "";
}

std::string DescribeField(const FieldPath& path, const Message& message) {
  const Message* parent = &message;
  for (size_t i = 0; i + 1 < path.steps.size(); ++i) {
    const auto& [field, index] = path.steps[i];
    const google::protobuf::Reflection& reflection = *parent->GetReflection();
    if (index < 0) {
      parent = &reflection.GetMessage(*parent, field);
    } else if (index < reflection.FieldSize(*parent, field)) {
      parent = &reflection.GetRepeatedMessage(*parent, field, index);
    } else {
      return "";
    }
  }
  const auto& [field, index] = path.steps.back();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
    return DescribeMessage(parent->GetReflection()->GetMessage(*parent, field), false);
  }
  return index < 0 ? DescribeOne(*parent, field) : DescribeElement(*parent, field, index);
}

const OneofDescriptor* AlternativesOf(const Descriptor* type) {
  if (type->real_oneof_decl_count() != 1) return nullptr;
  const OneofDescriptor* oneof = type->oneof_decl(0);
  for (int i = 0; i < oneof->field_count(); ++i) {
    if (oneof->field(i)->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return nullptr;
  }
  return oneof;
}

std::vector<std::string> FieldNames(const Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  return names;
}

std::vector<std::string> FieldNames(const OneofDescriptor* oneof) {
  std::vector<std::string> names;
  for (int i = 0; i < oneof->field_count(); ++i) names.push_back(oneof->field(i)->name());
  return names;
}

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > 128) return "";
  std::string nearest;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > name.size() + least || name.size() > candidate.size() + least) continue;
    const size_t distance = EditDistance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = NearestName(name, candidates);
  return nearest.empty() ? "" : absl::StrCat(" (did you mean '", nearest, "'?)");
}

}  // namespace basin::contract
