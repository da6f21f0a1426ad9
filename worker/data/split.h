#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace basin::worker::data {

// Which examples go to which part, as ascending indices.
struct Split {
  std::vector<int64_t> train, validation, test;
};

// Stratified: each class gives its share, so that the parts have round(fraction * count) examples (largest remainder)
// and each class is within one example of its exact share. Beyond that, a class of enough examples has at least one in
// every part, and the training part keeps at least one of every class. Which ones is drawn class by class from the
// stream (seed, kSplit, class); the test part is drawn first and does not depend on the validation fraction, except
// where the class is too small for both. With a test fraction of 0 there is no test part.
// REQUIRES: labels in 0 .. classes-1; fractions at least 0 with a sum below 1.
Split StratifiedSplit(std::span<const int32_t> labels, int32_t classes, double validation_fraction,
                      double test_fraction, uint64_t seed);

}  // namespace basin::worker::data
