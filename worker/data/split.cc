#include "worker/data/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "proto/contract/random/philox.h"

namespace basin::worker::data {
namespace {

using Counts = std::vector<int64_t>;

// A share of each class, by the method of the largest remainder; ties go to the lower class.
Counts Apportion(const std::vector<std::vector<int64_t>>& members, double fraction) {
  const size_t classes = members.size();
  Counts shares(classes);
  std::vector<double> remainders(classes);
  int64_t examples = 0;
  int64_t given = 0;
  for (size_t c = 0; c < classes; ++c) {
    const double quota = fraction * static_cast<double>(members[c].size());
    shares[c] = static_cast<int64_t>(std::floor(quota));
    remainders[c] = quota - std::floor(quota);
    examples += static_cast<int64_t>(members[c].size());
    given += shares[c];
  }
  const int64_t wanted = static_cast<int64_t>(std::floor(fraction * static_cast<double>(examples) + 0.5));
  std::vector<size_t> order(classes);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
  for (size_t i = 0; i < classes && given < wanted; ++i) {
    if (remainders[order[i]] == 0) break;
    ++shares[order[i]];
    ++given;
  }
  return shares;
}

// Every part gets an example of the class where it has enough, and the training part always.
void KeepClassInParts(int64_t count, bool has_test, int64_t* validation, int64_t* test) {
  if (count >= (has_test ? 3 : 2)) {
    *validation = std::max<int64_t>(*validation, 1);
    if (has_test) *test = std::max<int64_t>(*test, 1);
  }
  while (*validation + *test >= count && *validation + *test > 0) --(*validation >= *test ? *validation : *test);
}

void Shuffle(std::vector<int64_t>* indices, contract::RandomStream* random) {
  for (size_t i = indices->size(); i > 1; --i) std::swap((*indices)[i - 1], (*indices)[random->NextBelow(i)]);
}

}  // namespace

Split StratifiedSplit(std::span<const int32_t> labels, int32_t classes, double validation_fraction,
                      double test_fraction, uint64_t seed) {
  std::vector<std::vector<int64_t>> members(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    members[static_cast<size_t>(labels[i])].push_back(static_cast<int64_t>(i));
  }
  Counts validation = Apportion(members, validation_fraction);
  Counts test = Apportion(members, test_fraction);
  Split split;
  for (size_t c = 0; c < members.size(); ++c) {
    KeepClassInParts(static_cast<int64_t>(members[c].size()), test_fraction > 0, &validation[c], &test[c]);
    contract::RandomStream random(seed, contract::RandomPurpose::kSplit, c);
    Shuffle(&members[c], &random);
    const auto test_end = members[c].begin() + test[c];
    const auto validation_end = test_end + validation[c];
    split.test.insert(split.test.end(), members[c].begin(), test_end);
    split.validation.insert(split.validation.end(), test_end, validation_end);
    split.train.insert(split.train.end(), validation_end, members[c].end());
  }
  for (std::vector<int64_t>* part : {&split.train, &split.validation, &split.test}) {
    std::sort(part->begin(), part->end());
  }
  return split;
}

}  // namespace basin::worker::data
