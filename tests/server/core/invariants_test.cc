#include "server/core/invariants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::HasSubstr;
using tests::SweepBuilder;

// Three trials: 0 runs, 1 is queued, 2 was never reached.
Snapshot Sound() {
  Snapshot snapshot;
  SweepRecord sweep;
  sweep.id = "s";
  sweep.definition = SweepBuilder().Configs(3).MaxAttempts(3).Build();
  sweep.configs = 3;
  sweep.seeds = 1;
  sweep.counts = {.pending = 2, .running = 1};
  snapshot.sweeps.push_back(sweep);
  OpenTrial open;
  open.key = {"s", 0};
  open.attempt = 1;
  open.worker = "w";
  snapshot.open.push_back(open);
  snapshot.queued.push_back({{"s", 1}, 1, 1});
  snapshot.next_index["s"] = 2;
  snapshot.workers.push_back({"w", tests::Description("w"), WorkerState::kConnected, {}, 0});
  return snapshot;
}

TEST(InvariantsTest, SoundStatePasses) {
  EXPECT_EQ(CheckInvariants(State::Restore({}, Sound(), {})), absl::OkStatus());
}

TEST(InvariantsTest, EachContradictionIsNamed) {
  struct Case {
    const char* what;
    std::function<void(Snapshot&)> damage;
  };
  const Case cases[] = {
      {"counts sum to the total", [](Snapshot& s) { s.sweeps[0].counts.failed = 1; }},
      {"counts what runs", [](Snapshot& s) { s.open.clear(); }},
      {"counts what is pending", [](Snapshot& s) { s.queued.clear(); }},
      {"passed over, neither queued nor running", [](Snapshot& s) { s.queued.clear(), s.skipped["s"] = {0}; }},
      {"queued, not running", [](Snapshot& s) { s.queued[0].key.index = 0; }},
      {"queued below the next index", [](Snapshot& s) { s.queued[0].key.index = 2; }},
      {"queued with an attempt left", [](Snapshot& s) { s.queued[0].failures = 3; }},
      {"failures are earlier attempts", [](Snapshot& s) { s.open[0].failures = 1; }},
      {"has a best trial once one succeeded",
       [](Snapshot& s) {
         s.sweeps[0].best = {{0, 1}};
       }},
      {"holds no more than its slots and as many ahead", [](Snapshot& s) { s.workers[0].description.slots = 0; }},
      {"runs nothing when gone", [](Snapshot& s) { s.workers[0].state = WorkerState::kLost; }},
  };
  for (const Case& c : cases) {
    Snapshot snapshot = Sound();
    c.damage(snapshot);
    EXPECT_THAT(CheckInvariants(State::Restore({}, snapshot, {})).ToString(), HasSubstr(c.what));
  }
}

}  // namespace
}  // namespace basin::server::core
