#include "worker/data/label_noise.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "proto/contract/random/philox.h"

namespace basin::worker::data {

void AddLabelNoise(double fraction, int32_t classes, uint64_t seed, std::span<int32_t> labels) {
  const auto wrong = static_cast<size_t>(std::floor(fraction * static_cast<double>(labels.size()) + 0.5));
  std::vector<size_t> order(labels.size());
  std::iota(order.begin(), order.end(), size_t{0});
  contract::RandomStream places(seed, contract::RandomPurpose::kLabelNoise, 0);
  contract::RandomStream shifts(seed, contract::RandomPurpose::kLabelNoise, 1);
  // The first `wrong` places of a Fisher-Yates shuffle.
  for (size_t i = 0; i < wrong; ++i) {
    std::swap(order[i], order[i + places.NextBelow(order.size() - i)]);
    const auto shift = static_cast<int32_t>(1 + shifts.NextBelow(static_cast<uint64_t>(classes - 1)));
    int32_t& label = labels[order[i]];
    label = (label + shift) % classes;
  }
}

}  // namespace basin::worker::data
