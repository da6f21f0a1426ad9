#include "proto/contract/validate.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/unknown_field_set.h"
#include "proto/contract/check_value.h"
#include "proto/contract/field_path.h"

namespace basin::contract {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

namespace {

// Below the limit at which Protocol Buffers refuse to parse, 100, so that what is accepted can be sent on inside
// others.
constexpr int kMaxDepth = 64;
constexpr size_t kMaxViolations = 100;

bool IsMessage(const FieldDescriptor* field) { return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

// True if elements of the type need no look but for unknown fields, such as the points of a report.
bool HasNoRules(const Descriptor* type) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (IsMessage(field) || field->enum_type() != nullptr || field->options().HasExtension(v1::rule)) return false;
  }
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    if (type->oneof_decl(i)->options().GetExtension(v1::required_oneof)) return false;
  }
  return true;
}

class Checker {
 public:
  // Where a message stands.
  struct Place {
    std::string path;
    int depth = 0;
    bool partial = false;        // Nothing inside is required.
    bool oneof_default = false;  // Its oneof has a default.
  };

  void CheckMessage(const Message& message, const Place& place) {
    if (place.depth > kMaxDepth) {
      Add(place.path, absl::StrCat(kTooDeep, ", at most ", kMaxDepth, " messages may lie in each other"));
      return;
    }
    CheckUnknown(message, place.path);
    const Descriptor* type = message.GetDescriptor();
    for (int i = 0; i < type->real_oneof_decl_count() && !full(); ++i) CheckOneof(message, type->oneof_decl(i), place);
    for (int i = 0; i < type->field_count() && !full(); ++i) CheckField(message, type->field(i), place);
  }

  std::vector<Violation> TakeViolations() { return std::move(violations_); }

 private:
  bool full() const { return violations_.size() >= kMaxViolations; }

  void Add(const std::string& path, std::string description) {
    if (!full()) violations_.push_back({path, std::move(description)});
  }

  void CheckUnknown(const Message& message, const std::string& path) {
    const google::protobuf::UnknownFieldSet& unknown = message.GetReflection()->GetUnknownFields(message);
    if (unknown.empty()) return;
    Add(path, absl::StrCat("has field number ", unknown.field(0).number(), ", which this version does not know in ",
                           message.GetDescriptor()->name(), "; is the sender newer?"));
  }

  void CheckOneof(const Message& message, const OneofDescriptor* oneof, const Place& place) {
    if (!oneof->options().GetExtension(v1::required_oneof) || place.partial || place.oneof_default) return;
    if (message.GetReflection()->HasOneof(message, oneof)) return;
    const std::string one_of = oneof->field_count() > 1 ? "one of " : "";
    Add(place.path, absl::StrCat("needs ", one_of, absl::StrJoin(FieldNames(oneof), ", ")));
  }

  void CheckField(const Message& message, const FieldDescriptor* field, const Place& place) {
    const Reflection& reflection = *message.GetReflection();
    const v1::FieldRule& rule = RuleOf(field);
    const std::string path = place.path.empty() ? field->name() : absl::StrCat(place.path, ".", field->name());
    const bool present =
        field->is_repeated() ? reflection.FieldSize(message, field) > 0 : reflection.HasField(message, field);
    if (!present && rule.required() && !place.partial) {
      Add(path, field->is_repeated() ? "must have at least one element" : "is required");
      return;
    }
    if (field->is_repeated()) {
      if (present) CheckList(message, field, path, place);
    } else if (IsMessage(field)) {
      if (present) {
        CheckMessage(reflection.GetMessage(message, field),
                     {path, place.depth + 1, place.partial || rule.partial(), !rule.default_value().empty()});
      }
    } else if (present || (!field->has_presence() && field->enum_type() == nullptr && !IsAbsent(rule, place))) {
      CheckScalar(message, field, -1, path);
    }
  }

  // A required field without presence that holds its zero, where nothing is required.
  static bool IsAbsent(const v1::FieldRule& rule, const Place& place) { return rule.required() && place.partial; }

  void CheckList(const Message& message, const FieldDescriptor* field, const std::string& path, const Place& place) {
    const Reflection& reflection = *message.GetReflection();
    const v1::FieldRule& rule = RuleOf(field);
    const int size = reflection.FieldSize(message, field);
    if (rule.max_items() > 0 && field->cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
        static_cast<uint64_t>(size) > rule.max_items()) {
      Add(path, absl::StrCat("must have at most ", rule.max_items(), " elements, has ", size));
      return;
    }
    if (field->is_map()) return;
    const bool bare = IsMessage(field) && HasNoRules(field->message_type());
    for (int i = 0; i < size && !full(); ++i) {
      if (bare) {
        const Message& element = reflection.GetRepeatedMessage(message, field, i);
        if (!element.GetReflection()->GetUnknownFields(element).empty()) {
          CheckUnknown(element, absl::StrCat(path, "[", i, "]"));
        }
      } else if (IsMessage(field)) {
        CheckMessage(reflection.GetRepeatedMessage(message, field, i),
                     {absl::StrCat(path, "[", i, "]"), place.depth + 1, place.partial || rule.partial(), false});
      } else if (field->enum_type() != nullptr || field->options().HasExtension(v1::rule)) {
        CheckScalar(message, field, i, path);
      }
    }
  }

  void CheckScalar(const Message& message, const FieldDescriptor* field, int index, const std::string& path) {
    if (field->enum_type() == nullptr && !field->options().HasExtension(v1::rule)) return;
    const FieldPath one{{{field, index}}};
    const absl::StatusOr<v1::Value> value = CheckValue(one, GetScalar(one, message));
    if (value.ok()) return;
    Add(index < 0 ? path : absl::StrCat(path, "[", index, "]"), std::string(value.status().message()));
  }

  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> CheckRules(const Message& message) {
  Checker checker;
  checker.CheckMessage(message, Checker::Place());
  return checker.TakeViolations();
}

absl::Status ValidateMessage(const Message& message) {
  const std::vector<Violation> violations = CheckRules(message);
  return violations.empty() ? absl::OkStatus() : InvalidArgument(violations);
}

}  // namespace basin::contract
