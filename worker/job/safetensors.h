#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// The safetensors format (huggingface/safetensors): 8 bytes, little endian, for the length of a header; the header,
// JSON that gives each tensor's type, shape and place; the tensors, row-major, little endian, in order and without
// gaps.
namespace basin::worker::job {

enum class TensorType { kFloat32, kFloat64, kUint64 };

struct Tensor {
  std::string name;
  TensorType type = TensorType::kFloat32;
  std::vector<uint64_t> shape;  // Empty: a scalar.
  std::string_view data;
};

// The bytes of a file. `metadata` and names are UTF-8; names are unique. Equal arguments give equal bytes.
std::string WriteSafetensors(const std::map<std::string, std::string>& metadata, const std::vector<Tensor>& tensors);

struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::vector<Tensor> tensors;  // In the order of their data.
};
// Reads a file that is wholly there; the tensors' data are views into `bytes`. DATA_LOSS, with what is wrong, for
// anything but a file in the format with tensors of these types: no header, a length beyond the file or 16 MiB, a shape
// that does not fit its place, tensors that overlap or leave a gap, bytes left over.
absl::StatusOr<Safetensors> ReadSafetensors(std::string_view bytes);

}  // namespace basin::worker::job
