#include "worker/train/averaging/running_mean.h"

namespace basin::worker::train {

void RunningMean::Add(std::span<const float> weights) {
  double* const sum = sum_.data();
  for (size_t i = 0; i < weights.size(); ++i) sum[i] += static_cast<double>(weights[i]);
  ++count_;
}

void RunningMean::WriteTo(std::span<float> mean) const {
  const auto count = static_cast<double>(count_);
  for (size_t i = 0; i < mean.size(); ++i) mean[i] = static_cast<float>(sum_[i] / count);
}

void RunningMean::VisitState(StateVisitor& visitor) {
  visitor.Count("count", count_);
  visitor.Doubles("sum", sum_.span());
}

}  // namespace basin::worker::train
