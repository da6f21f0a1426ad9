#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace basin::client::format {

struct NpzArray {
  std::string name;  // ASCII; `numpy.load(file)[name]`.
  // The last index runs fastest. REQUIRES: its product is the number of values; none for a single value.
  std::vector<uint64_t> shape;
  std::variant<std::vector<double>, std::vector<uint64_t>> values;
};

// NumPy's .npz: a zip file, not compressed, of a .npy file (format 1.0) for each array, in this order; float64 or
// uint64, little endian. The same arrays give the same bytes. REQUIRES: names differ; less than 4 GiB in all.
std::string NpzOf(const std::vector<NpzArray>& arrays);

}  // namespace basin::client::format
