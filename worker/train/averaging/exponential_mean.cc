#include "worker/train/averaging/exponential_mean.h"

#include <algorithm>
#include <cmath>

#include "proto/contract/portable_math/portable_math.h"

namespace basin::worker::train {

ExponentialMean::ExponentialMean(const v1::EmaAveraging& rule, size_t weights)
    : decay_(rule.decay()), bias_correction_(rule.bias_correction()), average_(weights) {}

void ExponentialMean::Add(std::span<const float> weights) {
  if (count_++ == 0 && !bias_correction_) {
    std::copy(weights.begin(), weights.end(), average_.data());
    return;
  }
  const auto share = static_cast<float>(1 - decay_);
  float* const average = average_.data();
  for (size_t i = 0; i < weights.size(); ++i) average[i] = std::fma(share, weights[i] - average[i], average[i]);
}

void ExponentialMean::WriteTo(std::span<float> mean) const {
  const double bias = bias_correction_ ? 1 - contract::PortablePower(decay_, count_) : 1;
  for (size_t i = 0; i < mean.size(); ++i) mean[i] = static_cast<float>(static_cast<double>(average_[i]) / bias);
}

void ExponentialMean::VisitState(StateVisitor& visitor) {
  visitor.Count("count", count_);
  visitor.Floats("average", average_.span());
}

}  // namespace basin::worker::train
