#include "proto/contract/field_path.h"

#include <charconv>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/value.h"

namespace basin::contract {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

constexpr size_t kMaxPathSteps = 32;
constexpr int kMaxListIndex = 1'000'000;

// Splits `name[3]` into name and index; -1 without one.
bool SplitIndex(std::string_view part, std::string_view* name, int* index) {
  const size_t bracket = part.find('[');
  *name = part.substr(0, bracket);
  *index = -1;
  if (bracket == std::string_view::npos) return true;
  if (part.size() < bracket + 3 || part.back() != ']') return false;
  const char* end = part.data() + part.size() - 1;
  const auto [stop, error] = std::from_chars(part.data() + bracket + 1, end, *index);
  return error == std::errc() && stop == end && *index >= 0 && *index < kMaxListIndex;
}

// The message that holds the path's last field, made where it is missing.
absl::StatusOr<Message*> MutableParent(const FieldPath& path, Message* message) {
  for (size_t i = 0; i + 1 < path.steps.size(); ++i) {
    const auto& [field, index] = path.steps[i];
    const Reflection& reflection = *message->GetReflection();
    const int size = index < 0 ? 0 : reflection.FieldSize(*message, field);
    if (index > size) {
      return absl::InvalidArgumentError(absl::StrCat("names element ", index, " of a list of ", size));
    }
    if (index < 0) {
      message = reflection.MutableMessage(message, field);
    } else {
      message = index < size ? reflection.MutableRepeatedMessage(message, field, index)
                             : reflection.AddMessage(message, field);
    }
  }
  return message;
}

int64_t IntegerOf(const FieldDescriptor* field, const v1::Value& value) {
  if (value.kind_case() == v1::Value::kStringValue) return static_cast<int64_t>(RuleOf(field).keyword().value());
  return value.kind_case() == v1::Value::kDoubleValue ? static_cast<int64_t>(value.double_value()) : value.int_value();
}

double RealOf(const v1::Value& value) {
  return value.kind_case() == v1::Value::kIntValue ? static_cast<double>(value.int_value()) : value.double_value();
}

}  // namespace

bool FieldPath::is_scalar() const {
  return field()->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE &&
         (!field()->is_repeated() || steps.back().index >= 0);
}

std::string FieldPath::ToString() const {
  std::string text;
  for (const Step& step : steps) {
    absl::StrAppend(&text, text.empty() ? "" : ".", step.field->name());
    if (step.index >= 0) absl::StrAppend(&text, "[", step.index, "]");
  }
  return text;
}

absl::StatusOr<FieldPath> ParseFieldPath(const Descriptor* type, std::string_view path) {
  FieldPath result;
  std::string_view rest = path;
  while (true) {
    const size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    std::string_view name;
    int index;
    if (!SplitIndex(part, &name, &index)) {
      return absl::InvalidArgumentError(absl::StrCat("has the malformed part ", Excerpt(part)));
    }
    const FieldDescriptor* field = type->FindFieldByName(std::string(name));
    if (field == nullptr) {
      const std::string where = result.steps.empty() ? "" : absl::StrCat(" in ", result.ToString());
      return absl::InvalidArgumentError(
          absl::StrCat("names no field ", Excerpt(name), where, DidYouMean(name, FieldNames(type))));
    }
    if (index >= 0 && !field->is_repeated()) {
      return absl::InvalidArgumentError(absl::StrCat("has an index on ", field->name(), ", which is no list"));
    }
    result.steps.push_back({field, index});
    if (dot == std::string_view::npos) return result;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) {
      return absl::InvalidArgumentError(absl::StrCat("goes on below ", result.ToString(), ", which has no fields"));
    }
    if (field->is_repeated() && index < 0) {
      return absl::InvalidArgumentError(absl::StrCat("needs an index on the list ", result.ToString()));
    }
    if (result.steps.size() == kMaxPathSteps) {
      return absl::InvalidArgumentError(absl::StrCat("has more than ", kMaxPathSteps, " parts"));
    }
    type = field->message_type();
    rest = rest.substr(dot + 1);
  }
}

const v1::FieldRule& RuleOf(const FieldDescriptor* field) { return field->options().GetExtension(v1::rule); }

absl::Status SetScalar(const FieldPath& path, const v1::Value& value, Message* message) {
  absl::StatusOr<Message*> parent = MutableParent(path, message);
  if (!parent.ok()) return parent.status();
  const auto& [field, index] = path.steps.back();
  const Reflection& reflection = *(*parent)->GetReflection();
  const int size = index < 0 ? 0 : reflection.FieldSize(**parent, field);
  if (index > size) return absl::InvalidArgumentError(absl::StrCat("names element ", index, " of a list of ", size));
  // Sets, replaces the element, or adds one.
  const auto store = [&, r = &reflection, m = *parent, f = field, i = index](auto set, auto replace, auto add, auto x) {
    if (i < 0) {
      (r->*set)(m, f, x);
    } else if (i < size) {
      (r->*replace)(m, f, i, x);
    } else {
      (r->*add)(m, f, x);
    }
  };
  using R = Reflection;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      store(&R::SetBool, &R::SetRepeatedBool, &R::AddBool, value.bool_value());
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      store(&R::SetString, &R::SetRepeatedString, &R::AddString, value.string_value());
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* found = FindEnumValue(field, value.string_value());
      store(&R::SetEnumValue, &R::SetRepeatedEnumValue, &R::AddEnumValue, found == nullptr ? 0 : found->number());
      break;
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      store(&R::SetDouble, &R::SetRepeatedDouble, &R::AddDouble, RealOf(value));
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      store(&R::SetFloat, &R::SetRepeatedFloat, &R::AddFloat, static_cast<float>(RealOf(value)));
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      store(&R::SetInt32, &R::SetRepeatedInt32, &R::AddInt32, static_cast<int32_t>(IntegerOf(field, value)));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      store(&R::SetUInt32, &R::SetRepeatedUInt32, &R::AddUInt32, static_cast<uint32_t>(IntegerOf(field, value)));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      store(&R::SetInt64, &R::SetRepeatedInt64, &R::AddInt64, IntegerOf(field, value));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      store(&R::SetUInt64, &R::SetRepeatedUInt64, &R::AddUInt64, static_cast<uint64_t>(IntegerOf(field, value)));
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return absl::InvalidArgumentError("is no scalar");
  }
  return absl::OkStatus();
}

void ClearField(const FieldPath& path, Message* message) {
  for (size_t i = 0; i + 1 < path.steps.size(); ++i) {
    const auto& [field, index] = path.steps[i];
    const Reflection& reflection = *message->GetReflection();
    if (index < 0 ? !reflection.HasField(*message, field) : index >= reflection.FieldSize(*message, field)) return;
    message = index < 0 ? reflection.MutableMessage(message, field)
                        : reflection.MutableRepeatedMessage(message, field, index);
  }
  const auto& [field, index] = path.steps.back();
  const Reflection& reflection = *message->GetReflection();
  if (index < 0) {
    reflection.ClearField(message, field);
    return;
  }
  const int size = reflection.FieldSize(*message, field);
  for (int i = index; i + 1 < size; ++i) reflection.SwapElements(message, field, i, i + 1);
  if (index < size) reflection.RemoveLast(message, field);
}

v1::Value GetScalar(const FieldPath& path, const Message& message) {
  const Message* parent = &message;
  for (size_t i = 0; i + 1 < path.steps.size(); ++i) {
    const auto& [field, index] = path.steps[i];
    const Reflection& reflection = *parent->GetReflection();
    if (index >= 0 && index >= reflection.FieldSize(*parent, field)) return {};
    parent = index < 0 ? &reflection.GetMessage(*parent, field) : &reflection.GetRepeatedMessage(*parent, field, index);
  }
  const auto& [field, index] = path.steps.back();
  const Reflection& reflection = *parent->GetReflection();
  if (index >= 0 && index >= reflection.FieldSize(*parent, field)) return {};
  const auto get = [&, r = &reflection, m = parent, f = field, i = index](auto one, auto element) {
    return i < 0 ? (r->*one)(*m, f) : (r->*element)(*m, f, i);
  };
  using R = Reflection;
  uint64_t natural = 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return BoolValue(get(&R::GetBool, &R::GetRepeatedBool));
    case FieldDescriptor::CPPTYPE_STRING:
      return TextValue(get(&R::GetString, &R::GetRepeatedString));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = get(&R::GetEnumValue, &R::GetRepeatedEnumValue);
      const EnumValueDescriptor* found = field->enum_type()->FindValueByNumber(number);
      return TextValue(found == nullptr ? std::to_string(number) : ShortEnumName(found));
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return RealValue(get(&R::GetDouble, &R::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return RealValue(get(&R::GetFloat, &R::GetRepeatedFloat));
    case FieldDescriptor::CPPTYPE_INT32:
      return IntValue(get(&R::GetInt32, &R::GetRepeatedInt32));
    case FieldDescriptor::CPPTYPE_INT64:
      return IntValue(get(&R::GetInt64, &R::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT32:
      natural = get(&R::GetUInt32, &R::GetRepeatedUInt32);
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      natural = get(&R::GetUInt64, &R::GetRepeatedUInt64);
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return {};
  }
  const v1::FieldRule& rule = RuleOf(field);
  if (rule.has_keyword() && rule.keyword().value() == natural) return TextValue(rule.keyword().name());
  // Above what an int64 holds no rule accepts it; near enough for the message.
  if (natural > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return RealValue(static_cast<double>(natural));
  }
  return IntValue(static_cast<int64_t>(natural));
}

}  // namespace basin::contract
