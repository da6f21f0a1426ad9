#include "tests/simulation/world.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/coordinator_host.h"
#include "tests/simulation/user.h"
#include "tests/simulation/worker_host.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.
using std::chrono::seconds;

void World::Sometimes(MonoTime mean, std::function<void()> action) {
  if (mean == MonoTime{}) return;
  timeline.After(dice.Between(MonoTime{}, mean * 2), [this, mean, action = std::move(action)] {
    if (healed) return;
    action();
    Sometimes(mean, action);
  });
}

namespace {

// Kinds of workers: two engines, one without a data set, one with other bytes of it. Of each of the complete kinds one
// lives on when faults stop, so that no sweep is pinned to what is gone.
std::vector<WorkerDescription> Descriptions(Dice& dice) {
  std::vector<WorkerDescription> workers;
  const auto add = [&](std::string engine, std::map<std::string, std::string> datasets) {
    WorkerDescription& worker = workers.emplace_back();
    worker.name = absl::StrCat("worker-", workers.size());
    worker.engine_fingerprint = std::move(engine);
    worker.slots = 1 + static_cast<uint32_t>(dice.Below(4));
    worker.datasets = std::move(datasets);
  };
  add("engine-1", {{"digits", "d1"}, {"mnist", "m1"}});
  const bool mixed = dice.Chance(0.4);
  if (mixed) add("engine-2", {{"digits", "d1"}, {"mnist", "m1"}});
  if (mixed) add("engine-1", {{"digits", "d2"}, {"mnist", "m1"}});
  if (dice.Chance(0.5)) add("engine-1", {{"digits", "d1"}});
  for (uint64_t more = dice.Below(4); more > 0; --more) add("engine-1", {{"digits", "d1"}, {"mnist", "m1"}});
  return workers;
}

class Simulation {
 public:
  explicit Simulation(const RunOptions& options) : world_(options), coordinator_(&world_) {
    const std::vector<WorkerDescription> descriptions = Descriptions(world_.dice);
    for (const WorkerDescription& description : descriptions) {
      auto& worker = workers_.emplace_back(std::make_unique<WorkerHost>(&world_, &coordinator_, description));
      worker->Start();
    }
    originals_ = descriptions.size() >= 3 && descriptions[1].engine_fingerprint == "engine-2" ? 3 : 1;
    const uint64_t users = 1 + world_.dice.Below(4);
    for (uint64_t i = 0; i < users; ++i) {
      users_.push_back(std::make_unique<User>(&world_, &coordinator_, absl::StrCat("user-", i)));
      world_.timeline.After(world_.dice.Between(MonoTime{}, seconds(60)),
                            [user = users_.back().get()] { user->Submit(); });
    }
  }

  RunResult Run() {
    ArmFaults();
    const MonoTime faulty = world_.dice.Between(seconds(30), seconds(300));
    while (!world_.checker.violation() && world_.timeline.now() < faulty && world_.timeline.Step()) {
    }
    Heal();
    WaitForTheEnd();
    if (!world_.checker.violation()) world_.checker.CheckTotals();
    RunResult result = world_.result;
    result.violation = world_.checker.violation();
    result.digest = world_.trace.digest();
    result.virtual_time = world_.timeline.now();
    result.commits = world_.checker.commits();
    result.attempts = world_.checker.attempts();
    result.results = world_.checker.results();
    result.requeued = world_.checker.requeued();
    result.reused = world_.checker.reused();
    return result;
  }

 private:
  void ArmFaults() {
    const Faults& faults = world_.faults;
    world_.Sometimes(faults.coordinator_crash, [this] { coordinator_.Crash(); });
    world_.Sometimes(faults.coordinator_stop, [this] { coordinator_.Stop(); });
    world_.Sometimes(faults.clock_jump, [this] { coordinator_.JumpClock(); });
    for (const auto& worker : workers_) {
      world_.Sometimes(faults.worker_crash, [&worker] { worker->Crash(); });
      world_.Sometimes(faults.worker_stop, [&worker] { worker->Stop(); });
      world_.Sometimes(faults.worker_leave, [&worker] { worker->Leave(); });
      world_.Sometimes(faults.partition, [&worker] { worker->Cut(); });
    }
  }

  void Heal() {
    world_.Note("faults stop");
    world_.healed = true;
    for (size_t i = originals_; i < workers_.size(); ++i) {
      if (world_.dice.Chance(0.5)) workers_[i]->Crash(true);
    }
  }

  // I4. What is on the way may take a while to arrive; then each trial has at most max_attempts attempts, each of them
  // at most its time limit, or its length and a lease.
  void WaitForTheEnd() {
    constexpr MonoTime kGrace = seconds(120);
    constexpr MonoTime kAttempt = seconds(60);
    MonoTime limit = world_.timeline.now() + kGrace;
    for (const auto& user : users_) limit += user->trials() * 4 * kAttempt;
    MonoTime next_look = world_.timeline.now() + kGrace;
    uint64_t commits = 0;
    while (!world_.checker.violation()) {
      if (!world_.timeline.Step()) return world_.checker.Fail("I4: nothing happens any more");
      if (world_.timeline.now() < next_look) continue;
      const std::string unfinished = world_.checker.Unfinished();
      if (unfinished.empty()) return;
      if (world_.timeline.now() > limit) return world_.checker.Fail("I4: in bounded time: " + unfinished);
      // An attempt that hangs says nothing for its time limit of 40 s; nothing is silent for longer.
      if (next_stuck_look_ <= world_.timeline.now()) {
        if (world_.checker.commits() == commits)
          return world_.checker.Fail("I4: for 120 s nothing changes: " + unfinished);
        commits = world_.checker.commits();
        next_stuck_look_ = world_.timeline.now() + kGrace;
      }
      users_.front()->ResumeAll();
      next_look += seconds(5);
    }
  }

  World world_;
  CoordinatorHost coordinator_;
  std::vector<std::unique_ptr<WorkerHost>> workers_;
  std::vector<std::unique_ptr<User>> users_;
  size_t originals_ = 1;
  MonoTime next_stuck_look_{};
};

}  // namespace

RunResult RunSeed(const RunOptions& options) { return Simulation(options).Run(); }

std::optional<Sighting> FindDefect(const Mutant& mutant) {
  for (uint64_t seed = 1; seed <= mutant.seeds; ++seed) {
    const RunResult result = RunSeed({.seed = seed, .mutant = &mutant, .print = false, .history_alone = true});
    if (result.violation) return Sighting{seed, *result.violation};
  }
  return std::nullopt;
}

}  // namespace basin::tests::simulation
