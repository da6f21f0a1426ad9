#include "worker/train/averaging/snapshot_ensemble.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/portable_math/portable_math.h"

namespace basin::worker::train {
namespace {

struct PartScore {
  double loss, accuracy;
};

// -log of the mean over the members of exp(-loss of the example), without underflow.
double LossOfMean(std::span<const Predictions* const> members, size_t example) {
  float least = members[0]->losses[example];
  for (const Predictions* member : members) {
    if (!std::isfinite(member->losses[example])) return std::numeric_limits<double>::quiet_NaN();
    least = std::min(least, member->losses[example]);
  }
  double sum = 0;
  for (const Predictions* member : members) {
    sum += contract::PortableExp(static_cast<double>(least) - static_cast<double>(member->losses[example]));
  }
  return static_cast<double>(least) - contract::PortableLog(sum / static_cast<double>(members.size()));
}

PartScore ScoreOn(const Examples& examples, int32_t classes, std::span<const Predictions* const> members) {
  std::vector<double> sums(static_cast<size_t>(classes));
  double loss = 0, correct = 0;
  for (int64_t i = 0; i < examples.count; ++i) {
    std::ranges::fill(sums, 0.0);
    for (const Predictions* member : members) {
      const float* const probabilities = member->probabilities.data() + i * classes;
      for (int32_t c = 0; c < classes; ++c) sums[c] += static_cast<double>(probabilities[c]);
    }
    correct += std::ranges::max_element(sums) - sums.begin() == examples.labels[i];
    loss += LossOfMean(members, static_cast<size_t>(i));
  }
  return {loss / static_cast<double>(examples.count), correct / static_cast<double>(examples.count)};
}

}  // namespace

SnapshotEnsemble::SnapshotEnsemble(size_t members, size_t params, size_t buffers) : slots_(members) {
  for (Slot& slot : slots_) {
    slot.params = AlignedBuffer<float>(params);
    slot.buffers = AlignedBuffer<float>(buffers);
  }
}

size_t SnapshotEnsemble::size() const { return std::min<uint64_t>(taken_, slots_.size()); }

size_t SnapshotEnsemble::SlotOf(size_t rank) const { return (taken_ - size() + rank) % slots_.size(); }

void SnapshotEnsemble::Take(const Member& network) {
  Slot& slot = slots_[taken_++ % slots_.size()];
  std::ranges::copy(network.params, slot.params.data());
  std::ranges::copy(network.buffers, slot.buffers.data());
  slot.predicted = false;
}

std::vector<SnapshotEnsemble::Member> SnapshotEnsemble::Members() const {
  std::vector<Member> members;
  for (size_t rank = 0; rank < size(); ++rank) {
    const Slot& slot = slots_[SlotOf(rank)];
    members.push_back({slot.params.span(), slot.buffers.span()});
  }
  return members;
}

PartScores SnapshotEnsemble::Score(const TrainingData& data, const Predict& predict) {
  if (scored_ == taken_) return scores_;
  std::vector<const Predictions*> validation, test;
  for (size_t rank = 0; rank < size(); ++rank) {
    Slot& slot = slots_[SlotOf(rank)];
    if (!slot.predicted) {
      predict(data.validation, {slot.params.span(), slot.buffers.span()}, &slot.validation);
      predict(data.test, {slot.params.span(), slot.buffers.span()}, &slot.test);
      slot.predicted = true;
    }
    validation.push_back(&slot.validation);
    test.push_back(&slot.test);
  }
  const PartScore on_validation = ScoreOn(data.validation, data.classes, validation);
  const PartScore on_test = ScoreOn(data.test, data.classes, test);
  scores_ = {on_validation.loss, on_validation.accuracy, on_test.loss, on_test.accuracy};
  scored_ = taken_;
  return scores_;
}

void SnapshotEnsemble::VisitState(StateVisitor& visitor) {
  scored_ = 0;  // Measured again after the state was set.
  for (Slot& slot : slots_) slot.predicted = false;
  visitor.Count("taken", taken_);
  for (size_t i = 0; i < size(); ++i) {
    const StateVisitor::Scope scope(visitor, absl::StrCat(i));
    visitor.Floats("params", slots_[i].params.span());
    if (slots_[i].buffers.size() > 0) visitor.Floats("buffers", slots_[i].buffers.span());
  }
}

}  // namespace basin::worker::train
