#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace basin::client::format {

// A number as a user wrote it; always the text of a JSON number.
struct Number {
  std::string text;
};
// Seconds since 1970, UTC.
struct Time {
  double unix_seconds = 0;
};
struct Seconds {
  double value = 0;
};
struct Bytes {
  uint64_t value = 0;
};

// A JSON value, already written.
struct Json {
  std::string text;
};

// A value in a row; std::monostate is an absent one.
using Cell = std::variant<std::monostate, bool, int64_t, uint64_t, double, Number, Time, Seconds, Bytes, Json,
                          std::string, std::vector<std::string>>;

// A scalar in the form a user writes: a Number where the text is one, a bool for true and false, absent when empty,
// else text.
Cell CellFromText(std::string_view text);

// As JSON and CSV show it: see README.md. JsonOf is a JSON value; PlainOf is bare text, a list joined by spaces.
std::string JsonOf(const Cell& cell);
std::string PlainOf(const Cell& cell);

// Absent, an empty text or list, or zero: what a column may leave away when all its cells are so.
bool IsBlank(const Cell& cell);

// Stands to the right in its column.
bool IsNumeric(const Cell& cell);

}  // namespace basin::client::format
