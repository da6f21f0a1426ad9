#pragma once

#include <cstdint>
#include <vector>

#include "proto/contract/random/philox.h"
#include "worker/train/optim/parameter_update.h"

namespace basin::worker::train {

// Parameters of a network with two layers and a normalization, from 0 on: sizes with and without remainders, and large
// enough in all for several threads.
inline std::vector<ParameterTensor> SomeTensors() {
  std::vector<ParameterTensor> tensors;
  const auto add = [&tensors](ParameterRole role, std::vector<int64_t> shape) {
    const size_t offset = tensors.empty() ? 0 : tensors.back().offset + tensors.back().size();
    tensors.push_back({.name = "t" + std::to_string(tensors.size()), .role = role, .offset = offset, .shape = shape});
  };
  add(ParameterRole::kWeight, {301, 133});
  add(ParameterRole::kBias, {133});
  add(ParameterRole::kNormScale, {133});
  add(ParameterRole::kNormShift, {133});
  add(ParameterRole::kWeight, {133, 7});
  add(ParameterRole::kBias, {7});
  return tensors;
}

inline std::vector<float> Normals(size_t count, uint64_t substream) {
  contract::RandomStream stream(5, contract::RandomPurpose::kSplit, substream);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(stream.NextNormal());
  return values;
}

// A batch whose loss is the sum of w^2 / 4 + slope * w, so that its gradient depends on the point.
class Hills final : public GradientSource {
 public:
  explicit Hills(std::vector<float> slopes) : slopes_(std::move(slopes)) {}

  double LossAndGradient(const float* params, bool keep, float* gradient, GradientConsumer<float>* consumer) override {
    ++calls;
    std::vector<float> result(slopes_.size());
    double loss = 0;
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = slopes_[i] + 0.5f * params[i];
      loss += params[i] * (0.25 * params[i] + slopes_[i]);
    }
    if (keep) std::copy(result.begin(), result.end(), gradient);
    // In pieces, as a network does it.
    constexpr size_t kPiece = 1000;
    for (size_t begin = 0; consumer != nullptr && begin < result.size(); begin += kPiece) {
      consumer->Consume(begin, std::min(begin + kPiece, result.size()), result.data() + begin);
    }
    return loss;
  }

  int calls = 0;

 private:
  const std::vector<float> slopes_;
};

}  // namespace basin::worker::train
