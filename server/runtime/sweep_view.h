#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "basin/v1/sweep.pb.h"
#include "basin/v1/sweep_service.pb.h"
#include "server/core/state.h"

namespace basin::server::runtime {

// How many trials ended in each of the last 60 seconds.
class RateWindow {
 public:
  // Trials a second over the last minute, or since the first lease if that is later.
  double PerSecond(core::MonoTime now) const;
  void Begin(core::MonoTime now);  // The first lease; later calls change nothing.
  void Add(core::MonoTime now, uint64_t trials);

 private:
  static constexpr int64_t kSeconds = 60;
  struct Bucket {
    int64_t second = -1;
    uint64_t trials = 0;
  };
  std::array<Bucket, kSeconds> buckets_{};
  std::optional<core::MonoTime> began_;
};

// A sweep as of one commit. Immutable once published.
struct SweepView {
  v1::Sweep sweep;  // Without spec, rate, and the ages of the running trials.
  core::WallTime created_at{};
  std::vector<core::MonoTime> running_since;  // Parallel to sweep.running.
  RateWindow rate;

  v1::Sweep At(core::MonoTime now) const;
};

struct WorkerView {
  v1::Worker worker;  // Without silence and set_aside.
  core::MonoTime last_heard{};
  core::MonoTime set_aside_until{};
  std::string set_aside_reason;

  v1::Worker At(core::MonoTime now) const;
};

// Everything of `entry` but `waiting`, `revision` and the rate.
SweepView ViewOf(const core::State& state, const core::SweepEntry& entry);
WorkerView ViewOf(const core::WorkerEntry& entry);

v1::TrialCounts ToProto(const core::TrialCounts& counts);
google::protobuf::Timestamp ToTimestamp(core::WallTime time);
google::protobuf::Duration ToDuration(std::chrono::nanoseconds duration);

}  // namespace basin::server::runtime
