// Bytes as a file in the safetensors format, as a checkpoint or weights come from a server.

#include "tests/fuzz/fuzz_target.h"
#include "worker/job/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace basin::worker::job;  // NOLINT
  using basin::tests::fuzz::Require;
  const auto file = ReadSafetensors(basin::tests::fuzz::TextOf(data, size));
  if (!file.ok()) {
    Require(absl::IsDataLoss(file.status()), "a damaged file is DATA_LOSS");
    return 0;
  }
  for (const Tensor& tensor : file->tensors) {
    uint64_t values = 1;
    for (const uint64_t extent : tensor.shape) values *= extent;
    Require(tensor.data.size() == values * (tensor.type == TensorType::kFloat32 ? 4 : 8), "data fits the shape");
  }
  const std::string again = WriteSafetensors(file->metadata, file->tensors);
  const auto reread = ReadSafetensors(again);
  Require(reread.ok() && reread->metadata == file->metadata && reread->tensors.size() == file->tensors.size(),
          "what was read can be written and read again");
  return 0;
}
