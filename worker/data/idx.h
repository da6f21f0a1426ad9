#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/data/raw_dataset.h"

namespace basin::worker::data {

// One IDX file (the format of MNIST: big-endian magic, dimensions, then bytes), unpacked, and its name for messages.
struct IdxFile {
  std::string name;
  std::string_view bytes;
};

// Images of unsigned bytes with their labels. Classes are 0 to the largest training label. DATA_LOSS, naming file and
// place: a wrong magic number, dimensions that do not fit the file's length, unequal counts of images and labels or
// sizes of images, no images, or a label out of range (a training label beyond one that no example has, or a test label
// beyond the training ones). The name and digest of the result are left empty.
absl::StatusOr<RawDataset> LoadIdx(const IdxFile& train_images, const IdxFile& train_labels, const IdxFile& test_images,
                                   const IdxFile& test_labels);

}  // namespace basin::worker::data
