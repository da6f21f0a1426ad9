#include "worker/job/weights.h"

#include <deque>
#include <map>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/job/safetensors.h"
#include "worker/job/weights_digest.h"

namespace basin::worker::job {
namespace {

constexpr char kFormat[] = "basin-weights-1";

// Those of a flat vector, which has to outlive them.
void AddTensors(const std::string& prefix, const std::vector<train::ParameterTensor>& parts,
                std::span<const float> values, std::vector<Tensor>* tensors) {
  for (const train::ParameterTensor& part : parts) {
    const std::span<const float> own = values.subspan(part.offset, part.size());
    tensors->push_back({prefix + part.name,
                        TensorType::kFloat32,
                        {part.shape.begin(), part.shape.end()},
                        {reinterpret_cast<const char*>(own.data()), own.size_bytes()}});
  }
}

}  // namespace

Weights WriteWeights(const TrainingIdentity& identity, uint64_t step, bool averages, train::Trainer& trainer) {
  const train::NetworkShape& shape = trainer.shape();
  std::vector<Tensor> tensors;
  AddTensors("", shape.parameters, trainer.params(), &tensors);
  AddTensors("", shape.buffers, trainer.buffers(), &tensors);
  std::deque<std::vector<float>> buffers;  // One place for those of all averages would be written over.
  if (averages) {
    for (const train::Averaging::Average& average : trainer.Averages()) {
      const std::span<const float> own = average.buffers ? *average.buffers : trainer.BuffersOfAverage(average.params);
      buffers.emplace_back(own.begin(), own.end());
      AddTensors(average.name + ".", shape.parameters, average.params, &tensors);
      AddTensors(average.name + ".", shape.buffers, buffers.back(), &tensors);
    }
  }
  std::map<std::string, std::string> metadata = MetadataOf(kFormat, identity);
  metadata["step"] = absl::StrCat(step);
  metadata["weights_digest"] = WeightsDigest(trainer.params(), trainer.buffers());
  return {step, WriteSafetensors(metadata, tensors)};
}

}  // namespace basin::worker::job
