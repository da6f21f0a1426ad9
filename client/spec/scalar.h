#pragma once

#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"
#include "client/spec/yaml_tree.h"
#include "google/protobuf/descriptor.h"

namespace basin::client::spec {

// What the node means for the scalar field (or an element of the list), in the field's own form, checked against the
// field's rule. Only `true` and `false` are booleans; numbers are decimal, and one with a leading zero (`010`, which
// YAML 1.1 takes for 8) is refused. INVALID_ARGUMENT says what was expected.
absl::StatusOr<v1::Value> ReadScalar(const Node& node, const google::protobuf::FieldDescriptor* field);

}  // namespace basin::client::spec
