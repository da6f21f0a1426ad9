#include "worker/job/weights.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/job/safetensors.h"
#include "worker/job/weights_digest.h"

namespace basin::worker::job {
namespace {

constexpr char kFormat[] = "basin-weights-1";

template <typename Sizes>
std::string ShapeText(const Sizes& sizes) {
  return sizes.empty() ? "a scalar" : absl::StrJoin(sizes, " x ");
}

// The values of a flat vector's tensors, each of which the file has to have.
absl::Status ReadTensors(const std::map<std::string_view, const Tensor*>& tensors,
                         const std::vector<train::ParameterTensor>& parts, size_t count, std::vector<float>* values) {
  values->resize(count);
  for (const train::ParameterTensor& part : parts) {
    const auto found = tensors.find(part.name);
    if (found == tensors.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the weights are of another network: they have no '", part.name, "'"));
    }
    const Tensor& tensor = *found->second;
    if (tensor.type != TensorType::kFloat32 ||
        !std::ranges::equal(tensor.shape, part.shape, std::cmp_equal<uint64_t, int64_t>)) {
      return absl::FailedPreconditionError(absl::StrCat("the weights are of another network: their '", part.name,
                                                        "' is ", ShapeText(tensor.shape), ", not float32 ",
                                                        ShapeText(part.shape)));
    }
    std::memcpy(values->data() + part.offset, tensor.data.data(), tensor.data.size());
  }
  return absl::OkStatus();
}

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

Weights WriteWeights(const TrainingIdentity& identity, const TrainingPlace& place, bool averages,
                     train::Trainer& trainer) {
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
  metadata["step"] = absl::StrCat(place.step);
  metadata["examples"] = absl::StrCat(place.examples);
  metadata["epoch"] = absl::StrFormat("%.17g", place.epoch);
  metadata["weights_digest"] = WeightsDigest(trainer.params(), trainer.buffers());
  return {place.step, WriteSafetensors(metadata, tensors)};
}

absl::StatusOr<StoredWeights> ReadWeights(std::string_view bytes, const TrainingIdentity& identity,
                                          const train::NetworkShape& shape) {
  const absl::StatusOr<Safetensors> file = ReadSafetensors(bytes);
  if (!file.ok()) return file.status();
  if (absl::Status misfit = CheckMetadata("weights are", file->metadata, kFormat, identity); !misfit.ok()) {
    return misfit;
  }
  std::map<std::string_view, const Tensor*> tensors;
  for (const Tensor& tensor : file->tensors) tensors[tensor.name] = &tensor;
  StoredWeights weights;
  if (absl::Status misfit = ReadTensors(tensors, shape.parameters, shape.parameter_count, &weights.params);
      !misfit.ok()) {
    return misfit;
  }
  if (absl::Status misfit = ReadTensors(tensors, shape.buffers, shape.buffer_count, &weights.buffers); !misfit.ok()) {
    return misfit;
  }
  const auto text = [&](const char* key) {
    const auto found = file->metadata.find(key);
    return found == file->metadata.end() ? std::string() : found->second;
  };
  weights.digest = WeightsDigest(weights.params, weights.buffers);
  if (text("weights_digest") != weights.digest) {
    return absl::DataLossError("the weights are not those of the file's weights_digest");
  }
  const bool placed = absl::SimpleAtoi(text("step"), &weights.place.step) &&
                      absl::SimpleAtoi(text("examples"), &weights.place.examples) &&
                      absl::SimpleAtod(text("epoch"), &weights.place.epoch);
  if (!placed)
    return absl::FailedPreconditionError("the weights do not say after how many steps and epochs they were so");
  return weights;
}

}  // namespace basin::worker::job
