#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/data/raw_dataset.h"

namespace basin::worker::data {

// A table, comma-separated, one example a row: features, and in the last column the class, a whole number or a word.
// Classes are numbered in sorted order (by value when all are whole numbers). The first row is a header if none of its
// features is a number, or if its last cell alone is no whole number while all others below are. Cells may be quoted.
//
// DATA_LOSS, naming file, line and column: an empty or ragged row, an empty cell, a feature that is not a number, not
// finite or beyond a 32-bit float, no rows, fewer than two classes, more than 65536 classes. The name and digest of the
// result are left empty.
absl::StatusOr<RawDataset> LoadCsv(std::string_view text, const std::string& file);

}  // namespace basin::worker::data
