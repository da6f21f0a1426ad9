#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "worker/data/raw_dataset.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {

// The binary version of CIFAR (Krizhevsky 2009), https://www.cs.toronto.edu/~kriz/cifar.html: records of labels and
// 32x32 pixels, first all red values, then all green, then all blue; they become height x width x channels. DATA_LOSS,
// naming file and place: a file that is empty or no whole number of records, a label out of range. The name and digest
// of the result are left empty.

// CIFAR-10: a label 0..9 before the pixels; the last file is the test part.
absl::StatusOr<RawDataset> LoadCifar10(std::span<const NamedBytes> files);

// CIFAR-100: a coarse label 0..19, then the fine label 0..99, which is the class; a training and a test file.
absl::StatusOr<RawDataset> LoadCifar100(std::span<const NamedBytes> files);

}  // namespace basin::worker::data
