#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/raw_dataset.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {

// An array in NumPy's format (numpy.lib.format, versions 1 to 3), little-endian and in C order.
struct NpyArray {
  char kind = 'f';       // 'u', 'i' or 'f', as NumPy writes them.
  size_t item_size = 4;  // u, i: 1, 2, 4 or 8 bytes; f: 4 or 8.
  std::vector<uint64_t> shape;
  size_t first_byte = 0;  // Of the values in the file.
  std::string_view values;
};

// Reads and checks the header; the values are a view into `file`. DATA_LOSS, naming file and place: no NPY header, a
// header that is no description of an array, big-endian or Fortran order (saying how to convert), an element type other
// than those above, a shape that does not give the file's length. Allocates nothing by what the shape says.
absl::StatusOr<NpyArray> ReadNpy(const NamedBytes& file);

// A data set of arrays: x_train and y_train, then x_test and y_test or nothing. x: (count, columns) is a table, (count,
// height, width) and (count, height, width, channels) are images; unsigned bytes of images are scaled to 0..1, other
// values are taken as they are. y: whole numbers, (count) or (count, 1). DATA_LOSS, naming file and place, besides the
// above: shapes that do not fit each other, values that are not finite 32-bit floats, labels out of range (see
// labels.h). The name and digest of the result are left empty.
absl::StatusOr<RawDataset> LoadNpy(std::span<const NamedBytes> files);

}  // namespace basin::worker::data
