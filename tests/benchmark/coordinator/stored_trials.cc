#include "tests/benchmark/coordinator/stored_trials.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/core/event.h"
#include "server/store/sqlite_store.h"
#include "tests/benchmark/coordinator/connection.h"
#include "tests/benchmark/coordinator/sweeps.h"
#include "tests/cluster/programs.h"

namespace basin::benchmark {
namespace {

namespace core = server::core;

constexpr uint64_t kSeeds = 5;
constexpr uint64_t kTrialsACommit = 2000;
constexpr core::WallTime kTime = std::chrono::seconds(1750000000);
constexpr const char* kMetrics[] = {"val_loss", "val_accuracy", "train_loss", "test_accuracy"};

void ExpectOk(const absl::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

template <typename T>
T ExpectOk(absl::StatusOr<T> result) {
  ExpectOk(result.status());
  return *std::move(result);
}

// Writes the events of one sweep's trials.
class TrialWriter {
 public:
  TrialWriter(server::store::SqliteStore* store, const std::string& sweep, std::string worker)
      : store_(store),
        sweep_(sweep),
        worker_(std::move(worker)),
        definition_(ExpectOk(core::SweepDefinition::Create(ExpectOk(store->FindSpec(sweep))))) {
    events_.push_back(core::SweepPinned{sweep_, {kEngine, {{kDataset, kDataDigest}}}});
  }

  // Trials 0, 1, ... below `count`.
  void Write(uint64_t count, uint64_t points, bool finish) {
    for (uint64_t begin = 0; begin < count; begin += kTrialsACommit) {
      const uint64_t end = std::min(count, begin + kTrialsACommit);
      for (uint64_t index = begin; index < end; ++index) Lease(index);
      for (uint64_t index = begin; index < end; ++index) Report(index, points, finish);
      if (finish && end == definition_->trials()) {
        events_.push_back(core::SweepStateChanged{sweep_, core::SweepState::kFinished, "", nullptr, kTime});
      }
      ExpectOk(store_->Commit(events_));
      events_.clear();
    }
  }

 private:
  void Lease(uint64_t index) {
    core::TrialLeased leased;
    leased.key = {sweep_, index};
    leased.attempt = 1;
    leased.config = definition_->ConfigOf(index);
    leased.seed = definition_->SeedPositionOf(index);
    leased.params = definition_->space->Params(leased.config);
    leased.worker = worker_;
    leased.at = kTime;
    events_.push_back(std::move(leased));
  }

  void Report(uint64_t index, uint64_t points, bool finish) {
    core::PointsAppended appended;
    appended.key = {sweep_, index};
    appended.attempt = 1;
    core::TrialFinished finished;
    for (uint64_t i = 0; i < points; ++i) {
      const uint64_t epoch = i / std::size(kMetrics) + 1;
      const char* name = kMetrics[i % std::size(kMetrics)];
      appended.points.push_back({name, 100 * epoch, LossOf(index, i), static_cast<double>(epoch), 3200 * epoch});
      finished.metrics[name] = appended.points.back().value;
    }
    events_.push_back(std::move(appended));
    if (!finish) return;
    finished.key = {sweep_, index};
    finished.attempt = 1;
    finished.state = core::TrialState::kSucceeded;
    finished.objective = finished.metrics.at("val_loss");
    finished.outcome = core::Outcome{.kind = core::OutcomeKind::kSucceeded,
                                     .message = "",
                                     .weights_digest = WeightsDigestOf(index),
                                     .data_digest = kDataDigest,
                                     .engine_fingerprint = kEngine,
                                     .duration = std::chrono::seconds(1)};
    finished.next_sequence = points;
    finished.worker = worker_;
    finished.at = kTime;
    events_.push_back(std::move(finished));
  }

  server::store::SqliteStore* const store_;
  const std::string sweep_;
  const std::string worker_;
  const std::shared_ptr<const core::SweepDefinition> definition_;
  std::vector<core::Event> events_;
};

}  // namespace

StoredTrials MakeStoredTrials(const std::string& dir, const StoredTrialsSize& size) {
  const std::string marker = absl::StrCat(dir, "/stored-trials");
  const std::string text = absl::StrCat(size.finished, " ", size.points_a_trial, " ", size.running);
  StoredTrials stored;
  if (std::ifstream known(marker); known) {
    std::string of_size;
    std::getline(known, of_size);
    if (of_size != text) Fail(absl::StrCat(dir, " holds trials of another size; name another folder"));
    known >> stored.finished_sweep >> stored.running_sweep;
    return stored;
  }
  std::string worker;
  {
    tests::ServerProgram server(dir, {"--metrics-listen", "off"});
    server.Start();
    UserConnection user(server.address());
    stored.finished_sweep = user.Submit(GridSweep("finished", size.finished / kSeeds / kConfigsARate, kSeeds));
    stored.running_sweep = user.Submit(GridSweep("running", 1000000, 1));
    worker = WorkerConnection(server.address(), "stored", 4096).id();
    server.process().Signal(SIGTERM);
    server.process().AwaitExit();
  }
  {
    const std::unique_ptr<server::store::SqliteStore> store = ExpectOk(server::store::SqliteStore::Open(dir));
    TrialWriter(store.get(), stored.finished_sweep, worker).Write(size.finished, size.points_a_trial, /*finish=*/true);
    TrialWriter(store.get(), stored.running_sweep, worker).Write(size.running, size.points_a_trial, /*finish=*/false);
  }
  std::ofstream(marker) << text << "\n" << stored.finished_sweep << " " << stored.running_sweep << "\n";
  return stored;
}

}  // namespace basin::benchmark
