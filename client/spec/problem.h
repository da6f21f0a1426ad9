#pragma once

#include <compare>
#include <string>
#include <vector>

namespace basin::client::spec {

// Line and column in a file, both from 1.
struct Position {
  int line = 1;
  int column = 1;
  auto operator<=>(const Position&) const = default;
};

// One mistake in a sweep file.
struct Problem {
  Position at;
  std::string path;         // Of the field, as the file writes it: `train.batch_size`; empty for the file's form.
  std::string description;  // "must be at least 1, is 0".
};

}  // namespace basin::client::spec
