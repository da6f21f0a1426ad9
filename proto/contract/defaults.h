#pragma once

#include "google/protobuf/message.h"

namespace basin::contract {

// Fills in every absent field that has a default in its rule, to any depth: scalars that are not present, and messages
// that are absent or whose oneof is not set (their default is a member's name). Idempotent. Absent messages without a
// default stay absent, and partial messages (`base` of a sweep) stay as they are.
void FillDefaults(google::protobuf::Message* message);

}  // namespace basin::contract
