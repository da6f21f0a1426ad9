#include "proto/contract/defaults.h"

#include <charconv>
#include <vector>

#include "proto/contract/field_path.h"

namespace basin::contract {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

namespace {

// A rule's default as SetScalar takes it.
v1::Value ParseDefault(const FieldDescriptor* field, const std::string& text) {
  v1::Value value;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      value.set_bool_value(text == "true");
      return value;
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_ENUM:
      value.set_string_value(text);
      return value;
    default:
      break;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    value.set_double_value(number);
  } else {
    value.set_string_value(text);  // A keyword.
  }
  return value;
}

void FillScalar(const FieldDescriptor* field, const std::string& text, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  // A member of a oneof has no default: its absence says that another one was chosen.
  if (reflection.HasField(*message, field) || field->real_containing_oneof() != nullptr) return;
  SetScalar(FieldPath{{{field, -1}}}, ParseDefault(field, text), message).IgnoreError();
}

void FillMessage(const FieldDescriptor* field, const std::string& member, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  const OneofDescriptor* oneof = AlternativesOf(field->message_type());
  if (oneof == nullptr || field->real_containing_oneof() != nullptr) return;
  Message* target = reflection.MutableMessage(message, field);
  if (target->GetReflection()->HasOneof(*target, oneof)) return;
  const FieldDescriptor* chosen = field->message_type()->FindFieldByName(member);
  if (chosen != nullptr) target->GetReflection()->MutableMessage(target, chosen);
}

}  // namespace

void FillDefaults(Message* message) {
  const google::protobuf::Descriptor* type = message->GetDescriptor();
  const Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const v1::FieldRule& rule = RuleOf(field);
    if (field->is_map() || rule.partial()) continue;
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!rule.default_value().empty() && !field->is_repeated()) {
      (is_message ? FillMessage : FillScalar)(field, rule.default_value(), message);
    }
    if (!is_message) continue;
    if (field->is_repeated()) {
      const int size = reflection.FieldSize(*message, field);
      for (int k = 0; k < size; ++k) FillDefaults(reflection.MutableRepeatedMessage(message, field, k));
    } else if (reflection.HasField(*message, field)) {
      FillDefaults(reflection.MutableMessage(message, field));
    }
  }
}

}  // namespace basin::contract
