#include "worker/analysis/vectors.h"

#include <array>
#include <cmath>

#include "proto/contract/random/philox.h"

namespace basin::worker::analysis {
namespace {

contract::RandomStream StreamOf(uint64_t seed, RandomVector kind, uint32_t number) {
  return {seed, contract::RandomPurpose::kDirections, static_cast<uint64_t>(kind) << 32 | number};
}

}  // namespace

double Dot(std::span<const float> a, std::span<const float> b) {
  // Partial sums side by side, as wide as the machine adds at once.
  constexpr size_t kLanes = 16;
  std::array<double, kLanes> sums{};
  size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes) {
    for (size_t l = 0; l < kLanes; ++l) sums[l] += static_cast<double>(a[i + l]) * static_cast<double>(b[i + l]);
  }
  double total = 0;
  for (; i < a.size(); ++i) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const double sum : sums) total += sum;
  return total;
}

double Norm(std::span<const float> a) { return std::sqrt(Dot(a, a)); }

std::vector<float> Sum(std::span<const float> a, double scale, std::span<const float> b) {
  std::vector<float> sum(a.size());
  const auto factor = static_cast<float>(scale);
  for (size_t i = 0; i < sum.size(); ++i) sum[i] = a[i] + factor * b[i];
  return sum;
}

std::vector<float> Difference(std::span<const float> a, std::span<const float> b) { return Sum(a, -1, b); }

std::vector<float> NormalVector(size_t size, uint64_t seed, RandomVector kind, uint32_t number) {
  contract::RandomStream stream = StreamOf(seed, kind, number);
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(stream.NextNormal());
  return values;
}

std::vector<float> SignVector(size_t size, uint64_t seed, RandomVector kind, uint32_t number) {
  contract::RandomStream stream = StreamOf(seed, kind, number);
  std::vector<float> values(size);
  for (size_t i = 0; i < size;) {
    for (uint32_t word = stream.NextWord(), bit = 0; bit < 32 && i < size; ++bit, ++i) {
      values[i] = (word >> bit & 1) != 0 ? 1.0f : -1.0f;
    }
  }
  return values;
}

Estimate EstimateOf(std::span<const double> draws) {
  const auto count = static_cast<double>(draws.size());
  Estimate estimate;
  for (const double draw : draws) estimate.mean += draw / count;
  double squares = 0;
  for (const double draw : draws) squares += (draw - estimate.mean) * (draw - estimate.mean);
  estimate.standard_error = std::sqrt(squares / (count - 1) / count);
  return estimate;
}

}  // namespace basin::worker::analysis
