#pragma once

#include "absl/status/statusor.h"
#include "worker/data/raw_dataset.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {

// IDX is the format of MNIST: a big-endian magic number, dimensions, then bytes.
//
// Images of unsigned bytes, (count, height, width) or (count, height, width, channels), with their labels. Classes are
// 0 to the largest training label. DATA_LOSS, naming file and place: a wrong magic number, dimensions that do not fit
// the file's length, unequal counts of images and labels or sizes of images, no images, or a label out of range (a
// training label beyond one that no example has, or a test label beyond the training ones). The name and digest of the
// result are left empty.
absl::StatusOr<RawDataset> LoadIdx(const NamedBytes& train_images, const NamedBytes& train_labels,
                                   const NamedBytes& test_images, const NamedBytes& test_labels);

}  // namespace basin::worker::data
