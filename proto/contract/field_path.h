#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"
#include "basin/v1/rules.pb.h"
#include "google/protobuf/message.h"
#include "proto/contract/field_text.h"

namespace basin::contract {

// A field of a message type, found by its path: names joined by dots, an element of a list as `name[i]`.
struct FieldPath {
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    int index;  // Of a list's element; -1 for the field itself.
  };
  std::vector<Step> steps;  // At least one; all but the last are singular messages or elements of lists of messages.

  const google::protobuf::FieldDescriptor* field() const { return steps.back().field; }
  // True for a scalar or an element of a list of scalars; false for a message or a whole list.
  bool is_scalar() const;
  std::string ToString() const;
};

// Finds `path` from `type` on. INVALID_ARGUMENT names the part that is unknown and the nearest valid name.
absl::StatusOr<FieldPath> ParseFieldPath(const google::protobuf::Descriptor* type, std::string_view path);

// The rule written beside the field; the empty rule if there is none.
const v1::FieldRule& RuleOf(const google::protobuf::FieldDescriptor* field);

// Sets the scalar at `path`, creating the messages above it. REQUIRES: CheckValue accepts `value`. An index may be at
// most one past the list's end.
absl::Status SetScalar(const FieldPath& path, const v1::Value& value, google::protobuf::Message* message);

// Clears the field at `path`.
void ClearField(const FieldPath& path, google::protobuf::Message* message);

// A scalar field as users write it.
v1::Value GetScalar(const FieldPath& path, const google::protobuf::Message& message);

}  // namespace basin::contract
