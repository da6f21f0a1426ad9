#include "worker/analysis/directions.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {

void NormalizeFilters(std::span<const train::ParameterTensor> tensors, std::span<const float> params,
                      std::span<float> direction) {
  for (const train::ParameterTensor& tensor : tensors) {
    const std::span<float> part = direction.subspan(tensor.offset, tensor.size());
    if (tensor.role != train::ParameterRole::kWeight) {
      std::ranges::fill(part, 0.0f);
      continue;
    }
    const std::span<const float> weights = params.subspan(tensor.offset, tensor.size());
    const auto filters = static_cast<size_t>(tensor.filters());
    std::vector<double> squares(filters), model_squares(filters);
    for (size_t i = 0; i < part.size(); ++i) {
      squares[i % filters] += static_cast<double>(part[i]) * static_cast<double>(part[i]);
      model_squares[i % filters] += static_cast<double>(weights[i]) * static_cast<double>(weights[i]);
    }
    std::vector<double> scales(filters);
    for (size_t f = 0; f < filters; ++f) scales[f] = squares[f] > 0 ? std::sqrt(model_squares[f] / squares[f]) : 0;
    for (size_t i = 0; i < part.size(); ++i) {
      part[i] = static_cast<float>(scales[i % filters] * static_cast<double>(part[i]));
    }
  }
}

std::vector<float> RandomDirection(std::span<const train::ParameterTensor> tensors, std::span<const float> params,
                                   uint64_t seed, uint32_t number) {
  std::vector<float> direction = NormalVector(params.size(), seed, RandomVector::kDirection, number);
  NormalizeFilters(tensors, params, direction);
  return direction;
}

absl::Status CheckDirections(std::span<const float> direction, std::span<const float> other) {
  constexpr double kLeastSine = 1e-4;
  for (const std::span<const float> one : {direction, other}) {
    if (one.empty()) continue;
    const double norm = Norm(one);
    if (!std::isfinite(norm)) return absl::FailedPreconditionError("a direction is not finite");
    if (norm == 0) return absl::FailedPreconditionError("a direction is zero: all places along it are the same");
  }
  if (other.empty()) return absl::OkStatus();
  const double scale = Norm(direction), cosine = Dot(direction, other) / (scale * Norm(other));
  // Of what `other` has besides: the cosine alone is too coarse where they are nearly parallel.
  const std::vector<float> rest = Sum(other, -Dot(direction, other) / (scale * scale), direction);
  const double sine = Norm(rest) / Norm(other);
  if (sine >= kLeastSine) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the two directions are parallel and span no plane: the cosine between them is ", cosine));
}

}  // namespace basin::worker::analysis
