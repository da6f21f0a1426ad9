#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/core/model.h"
#include "server/core/state.h"
#include "server/store/store.h"
#include "tests/support/scheduler.h"

namespace basin::tests {

// A sweep as a user would submit it: `configs` batch sizes, the last of them `full`, each on every data set of
// `datasets`. Its spec can be stored and parsed again, other than those of SweepBuilder.
struct RealSweep {
  std::string name = "a-sweep";
  uint64_t batch_sizes = 2;
  std::vector<std::string> datasets = {"digits"};
  uint64_t seeds = 1;
  bool maximize = false;
  uint32_t max_attempts = 2;
  double trial_seconds = 0;
  v1::Keep::Weights keep = v1::Keep::WEIGHTS_NONE;

  std::shared_ptr<const server::core::SweepDefinition> Build() const;
};

// The core at work on a store: random commands, each legal, whose events are committed. The same seed gives the same
// history.
class History {
 public:
  // `store` must outlive it, or be exchanged before it goes.
  History(uint64_t seed, server::store::Store* store) : random_(seed | 1), store_(store) {}

  void UseStore(server::store::Store* store) { store_ = store; }
  // One to four commands, committed together.
  absl::Status Step();
  // As Step, but the events are only applied and returned.
  std::vector<server::core::Event> StepWithoutCommit();

  // After a crash: what was not committed is forgotten.
  void Restart();

  const server::core::State& state() const { return scheduler_.state(); }

 private:
  uint64_t Draw(uint64_t below);
  double Value();
  void Command();
  void CreateSweep();
  void ChangeSweep();
  void ChangeWorker();
  void Lease();
  void ChangeCheckpoint();
  void Report();
  // As the caller whom a command about a worker is open to.
  void Do(server::core::Command command);
  std::string AnySweep();
  std::string AnyWorker();

  uint64_t random_;
  server::store::Store* store_;
  Scheduler scheduler_;
  std::vector<server::core::Event> events_;
  uint64_t names_ = 0;
};

// What a state must be after a restart: text, equal for states that go on in the same way. Leaves out what a restart
// changes (deadlines) and what is history (workers that left).
std::string Describe(const server::core::State& state);

}  // namespace basin::tests
