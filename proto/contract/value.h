#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "basin/v1/domain.pb.h"

namespace basin::contract {

inline v1::Value BoolValue(bool truth) {
  v1::Value value;
  value.set_bool_value(truth);
  return value;
}
inline v1::Value IntValue(int64_t number) {
  v1::Value value;
  value.set_int_value(number);
  return value;
}
inline v1::Value RealValue(double number) {
  v1::Value value;
  value.set_double_value(number);
  return value;
}
inline v1::Value TextValue(std::string text) {
  v1::Value value;
  value.set_string_value(std::move(text));
  return value;
}

}  // namespace basin::contract
