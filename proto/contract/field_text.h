#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "basin/v1/domain.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace basin::contract {

struct FieldPath;

// An enum value's name as users write it: `relu` for ACTIVATION_RELU.
std::string ShortEnumName(const google::protobuf::EnumValueDescriptor* value);

// The enum field's value of this name, short or whole; null when there is none.
const google::protobuf::EnumValueDescriptor* FindEnumValue(const google::protobuf::FieldDescriptor* field,
                                                           std::string_view name);

// Foreign text in quotes, cut after 64 bytes.
std::string Excerpt(std::string_view text);

// The short names of an enum's values, without the unspecified one.
std::vector<std::string> ShortEnumNames(const google::protobuf::EnumDescriptor* type);

// A number as users write it, the shortest text that reads back the same: 0.1, 100, 1e-05.
std::string FormatNumber(double value);

// A value as users write it: 0.1, 32, relu, full, true.
std::string FormatValue(const v1::Value& value);

// What stands in the field of a message as a short text: `cosine`, `sgdr(first_period_epochs=10)`, `[64, 32]`. The text
// of a choice's option.
std::string DescribeField(const FieldPath& path, const google::protobuf::Message& message);

// The oneof whose members are the alternatives of a message, such as `kind` of Schedule: the message's only oneof, all
// of whose members are messages. Null when the message has none.
const google::protobuf::OneofDescriptor* AlternativesOf(const google::protobuf::Descriptor* type);

// The names of a message type's fields, or of a oneof's members.
std::vector<std::string> FieldNames(const google::protobuf::Descriptor* type);
std::vector<std::string> FieldNames(const google::protobuf::OneofDescriptor* oneof);

// The candidate with the least edit distance to `name`, or empty when none is near.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

// " (did you mean 'X'?)" for the nearest candidate, or nothing.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace basin::contract
