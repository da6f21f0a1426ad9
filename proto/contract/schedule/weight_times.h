#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "basin/v1/averaging.pb.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// After which updates of a training weights are taken for an average or an ensemble: at regular intervals, or whenever
// a cycle of its schedule ends.
class WeightTimes {
 public:
  // `schedule` outlives the result. INVALID_ARGUMENT, with a path from the rule on, if there is no such time.
  static absl::StatusOr<WeightTimes> Of(const v1::SwaAveraging& rule, const TrainingLength& length,
                                        const Schedule& schedule);
  static absl::StatusOr<WeightTimes> Of(const v1::SnapshotEnsemble& rule, const TrainingLength& length,
                                        const Schedule& schedule);

  bool Has(uint64_t updates) const;
  // How many there are, counted up to `most`.
  uint64_t Count(uint64_t most) const;

 private:
  WeightTimes(uint64_t start, uint64_t every, uint64_t end, const Schedule& schedule)
      : start_(start), every_(every), end_(end), schedule_(&schedule) {}

  uint64_t start_, every_, end_;  // Updates; every 0: at the ends of cycles.
  const Schedule* schedule_;
};

}  // namespace basin::contract
