#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "worker/train/parameter_tensor.h"

namespace basin::worker::train {

// Which parameters decay: all of them, or the weights alone, and not biases and the gains and offsets of
// normalizations.
class DecayRanges {
 public:
  DecayRanges(double decay, bool decay_biases_and_norms, std::span<const ParameterTensor> tensors) {
    for (const ParameterTensor& tensor : tensors) {
      const bool decays = decay != 0 && (decay_biases_and_norms || tensor.role == ParameterRole::kWeight);
      if (ranges_.empty() || ranges_.back().decays != decays) ranges_.push_back({0, decays});
      ranges_.back().end = tensor.offset + tensor.size();
    }
  }

  // Calls visit(begin, end, decays) for the parts of begin .. end - 1, in order.
  template <typename Visit>
  void ForEach(size_t begin, size_t end, const Visit& visit) const {
    auto range = std::upper_bound(ranges_.begin(), ranges_.end(), begin,
                                  [](size_t element, const Range& r) { return element < r.end; });
    while (begin < end) {
      const size_t stop = std::min(end, range->end);
      visit(begin, stop, range->decays);
      begin = stop;
      ++range;
    }
  }

 private:
  struct Range {
    size_t end;
    bool decays;
  };
  std::vector<Range> ranges_;
};

}  // namespace basin::worker::train
