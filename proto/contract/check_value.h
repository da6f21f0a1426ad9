#pragma once

#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"
#include "proto/contract/field_path.h"

namespace basin::contract {

// Checks that `value` can stand in the scalar at `path` (type and rule) and returns it in the field's own form: an
// integer for a double field becomes a double, a keyword stays a word, an enum's name becomes its short name in lower
// case. INVALID_ARGUMENT says what was expected.
absl::StatusOr<v1::Value> CheckValue(const FieldPath& path, const v1::Value& value);

}  // namespace basin::contract
