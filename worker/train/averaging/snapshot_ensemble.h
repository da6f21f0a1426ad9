#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/averaging/part_scores.h"
#include "worker/train/examples.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// What a network says of examples.
struct Predictions {
  std::vector<float> probabilities;  // examples x classes.
  std::vector<float> losses;         // Cross entropy of each example.
};

// The newest of the networks that a training passed through, and what they predict together: the mean of their
// probabilities of the classes (Huang et al. 2017).
//
// Each network predicts each example once: what it said is kept beside its weights, classes + 1 floats an example of
// the validation and the test part, so that another network costs one evaluation, not one for every member. A sum over
// the members would need less room, but the oldest could not be taken out of it again without a trace in its bits.
class SnapshotEnsemble {
 public:
  // Of `members` networks, with so many parameters and buffers each. REQUIRES: members > 0.
  SnapshotEnsemble(size_t members, size_t params, size_t buffers);

  // A network as it was: parameters, and the running averages of its batch norms.
  struct Member {
    std::span<const float> params, buffers;
  };
  // Takes a network in the place of the oldest, once there are all.
  void Take(const Member& network);
  bool empty() const { return taken_ == 0; }
  // Oldest first. Valid until the next Take.
  std::vector<Member> Members() const;

  using Predict = std::function<void(const Examples& examples, const Member& network, Predictions* predictions)>;
  // Of the mean of the members' probabilities: its mean cross entropy, and the share of examples whose label it gives
  // the most (the first class among equals). `predict` is asked for what is not known yet. REQUIRES: not empty.
  PartScores Score(const TrainingData& data, const Predict& predict);

  void VisitState(StateVisitor& visitor);

 private:
  struct Slot {
    AlignedBuffer<float> params, buffers;
    bool predicted = false;
    Predictions validation, test;
  };
  size_t size() const;
  // The slot of the member of this rank, the oldest's 0.
  size_t SlotOf(size_t rank) const;

  std::vector<Slot> slots_;  // A ring.
  uint64_t taken_ = 0;       // Networks so far.
  uint64_t scored_ = 0;      // What taken_ was when scores_ were measured.
  PartScores scores_{};
};

}  // namespace basin::worker::train
