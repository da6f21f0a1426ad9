#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "worker/analysis/loss_function.h"

namespace basin::worker::analysis {

// How much the gradient of a batch differs from that of all (McCandlish et al. 2018).
struct GradientNoise {
  double trace = 0;         // tr(S): the sum of the variances of an example's gradient, over its elements.
  double squared_norm = 0;  // |G|^2 of the true gradient. May come out negative where noise is all there is.
  double scale = 0;         // tr(S) / |G|^2, the simple noise scale: a batch size up to which larger batches pay.
  int64_t batches = 0;
};

// From the gradients of the m batches of b examples that an epoch of the seed has (see train::BatchOrder), and their
// mean over B = m b examples. With the mean squared norm s of the former and the squared norm t of the latter,
//     |G|^2 = (B t - b s) / (B - b),    tr(S) = (s - t) / (1 / b - 1 / B)
// are unbiased, if the examples are independent (their appendix A.1); of the ratio, numerator and denominator are. What
// is left of the examples beyond m b is not used.
//
// FAILED_PRECONDITION if there are fewer than two batches.
absl::StatusOr<GradientNoise> MeasureGradientNoise(LossFunction& loss, std::span<const float> params,
                                                   int64_t batch_size, uint64_t seed);

}  // namespace basin::worker::analysis
