#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace basin::client::spec {

// Line and column in a file, both from 1.
struct Position {
  int line = 1;
  int column = 1;
  auto operator<=>(const Position&) const = default;
};

// One mistake in a file.
struct Problem {
  Position at;
  std::string path;         // Of the field, as the file writes it: `train.batch_size`; empty for the file's form.
  std::string description;  // "must be at least 1, is 0".
};

// INVALID_ARGUMENT with one mistake a line, in the order of the file, at most kMaxProblems of them.
inline constexpr size_t kMaxProblems = 20;
absl::Status StatusOf(std::vector<Problem> problems, const std::string& filename);

}  // namespace basin::client::spec
