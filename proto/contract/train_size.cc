#include "proto/contract/train_size.h"

#include <cmath>

namespace basin::contract {
namespace {

struct Stored {
  uint64_t examples, classes;
};

// Without a teacher's set: how large its classes are depends on its network.
std::optional<Stored> StoredOf(const v1::Dataset& dataset) {
  switch (dataset.source_case()) {
    case v1::Dataset::kName:
      return dataset.name() == "digits" ? std::optional<Stored>({1797, 10}) : std::nullopt;
    case v1::Dataset::kTwoSpirals:
      return Stored{dataset.two_spirals().examples(), 2};
    case v1::Dataset::kMoons:
      return Stored{dataset.moons().examples(), 2};
    case v1::Dataset::kBlobs:
      return Stored{dataset.blobs().examples(), dataset.blobs().classes()};
    case v1::Dataset::kTeacher:
    case v1::Dataset::SOURCE_NOT_SET:
      break;
  }
  return std::nullopt;
}

uint64_t Share(double fraction, uint64_t of) {
  return static_cast<uint64_t>(std::floor(fraction * static_cast<double>(of) + 0.5));
}

}  // namespace

std::optional<uint64_t> TrainSize(const v1::Dataset& dataset) {
  // Each part then has at least one example of every class, as the split wants it.
  constexpr uint64_t kEnoughOfAClass = 10;
  const std::optional<Stored> stored = StoredOf(dataset);
  if (!stored) return std::nullopt;
  for (const double part : {dataset.validation_fraction(), dataset.test_fraction(),
                            1 - dataset.validation_fraction() - dataset.test_fraction()}) {
    if (part * static_cast<double>(stored->examples) < static_cast<double>(kEnoughOfAClass * stored->classes)) {
      return std::nullopt;
    }
  }
  return TrainSizeOf(stored->examples, false, dataset);
}

uint64_t TrainSizeOf(uint64_t stored, bool has_test_part, const v1::Dataset& dataset) {
  const uint64_t test = has_test_part ? 0 : Share(dataset.test_fraction(), stored);
  return stored - test - Share(dataset.validation_fraction(), stored);
}

}  // namespace basin::contract
