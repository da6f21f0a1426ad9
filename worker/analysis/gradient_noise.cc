#include "worker/analysis/gradient_noise.h"

#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/analysis/vectors.h"
#include "worker/train/batch_order.h"

namespace basin::worker::analysis {

absl::StatusOr<GradientNoise> MeasureGradientNoise(LossFunction& loss, std::span<const float> params,
                                                   int64_t batch_size, uint64_t seed) {
  GradientNoise noise{.batches = loss.examples() / batch_size};
  if (noise.batches < 2) {
    return absl::FailedPreconditionError(absl::StrCat("the gradient noise takes two batches or more: ", loss.examples(),
                                                      " examples are too few for batches of ", batch_size));
  }
  train::BatchOrder order(seed, loss.examples(), batch_size, /*drop_last=*/true);
  std::vector<float> gradient(params.size());
  std::vector<double> mean(params.size());
  const auto batches = static_cast<double>(noise.batches);
  double small = 0, large = 0;
  for (int64_t k = 0; k < noise.batches; ++k) {
    loss.GradientOfBatch(params, order.Batch(0, k), gradient);
    small += Dot(gradient, gradient) / batches;
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += static_cast<double>(gradient[i]) / batches;
  }
  for (const double element : mean) large += element * element;
  const auto b = static_cast<double>(batch_size), all = b * batches;
  noise.squared_norm = (all * large - b * small) / (all - b);
  noise.trace = (small - large) / (1 / b - 1 / all);
  noise.scale = noise.squared_norm > 0 ? noise.trace / noise.squared_norm : std::numeric_limits<double>::infinity();
  return noise;
}

}  // namespace basin::worker::analysis
