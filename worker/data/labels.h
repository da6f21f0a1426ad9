#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace basin::worker::data {

// Where a file keeps its labels: that of example i at byte first + i * step.
struct LabelPlaces {
  std::string file;
  size_t first = 0;
  size_t step = 1;
};

// The most classes of a data set.
inline constexpr int32_t kMaxClasses = 65536;

// DATA_LOSS that names the file, the example and the byte.
absl::Status LabelOutOfRange(const LabelPlaces& places, size_t example, int64_t label, const std::string& why);

// The classes of training labels that are not negative: 0 to the largest one. A class without examples below the
// largest one means that the larger labels are wrong, which is DATA_LOSS; class 0 alone may be empty, for sets that
// count from 1. DATA_LOSS, too, for one class alone or more than kMaxClasses.
absl::StatusOr<int32_t> CountClasses(const LabelPlaces& places, const std::vector<int32_t>& labels);

// DATA_LOSS if a label is `classes` or more.
absl::Status CheckTestLabels(const LabelPlaces& places, const std::vector<int32_t>& labels, int32_t classes);

}  // namespace basin::worker::data
