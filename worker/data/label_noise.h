#pragma once

#include <cstdint>
#include <span>

namespace basin::worker::data {

// Gives round(fraction * count) of the labels another class, drawn uniformly from all others. Which ones and what they
// become is drawn from streams of (seed, kLabelNoise); the wrong labels of a smaller fraction are among those of a
// larger one. REQUIRES: labels in 0 .. classes-1, classes at least 2, 0 <= fraction <= 1.
void AddLabelNoise(double fraction, int32_t classes, uint64_t seed, std::span<int32_t> labels);

}  // namespace basin::worker::data
