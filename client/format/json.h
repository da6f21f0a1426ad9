#pragma once

#include <string>
#include <string_view>

namespace basin::client::format {

// A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string JsonString(std::string_view text);

// The shortest number that reads back the same; "NaN", "Infinity", "-Infinity" as strings.
std::string JsonReal(double value);

}  // namespace basin::client::format
