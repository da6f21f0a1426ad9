#include "tests/server/store/history.h"

#include <bit>
#include <iostream>
#include <limits>
#include <sstream>
#include <utility>
#include <variant>

#include "google/protobuf/text_format.h"

namespace basin::tests {

using namespace server::core;  // NOLINT: the tests' own view of the core.

namespace {

template <typename T>
T Expect(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::cerr << "unexpected: " << result.status() << std::endl;
  std::abort();
}

// Every bit of a value, but one NaN is like another.
std::string Bits(double value) {
  if (value != value) return "nan";
  return std::to_string(value) + "/" + std::to_string(std::bit_cast<uint64_t>(value));
}

std::string Bits(const std::optional<double>& value) { return value ? Bits(*value) : "none"; }

}  // namespace

std::shared_ptr<const SweepDefinition> RealSweep::Build() const {
  v1::SweepSpec spec;
  spec.set_name(name);
  if (maximize) {
    spec.mutable_objective()->set_maximize("val_accuracy");
  } else {
    spec.mutable_objective()->set_minimize("val_loss");
  }
  spec.mutable_seeds()->set_count(seeds);
  spec.mutable_limits()->set_max_attempts(max_attempts);
  if (trial_seconds > 0) spec.mutable_limits()->set_trial_seconds(trial_seconds);
  spec.mutable_keep()->set_weights(keep);
  v1::TrainWorkload* train = spec.mutable_base()->mutable_train();
  train->mutable_model()->mutable_softmax_regression();
  train->set_epochs(3);
  train->set_learning_rate(0.1);
  v1::Domain* sets = spec.add_domains();
  sets->set_path("train.dataset.name");
  for (const std::string& set : datasets) sets->mutable_values()->add_values()->set_string_value(set);
  v1::Domain* batches = spec.add_domains();
  batches->set_path("train.batch_size");
  for (uint64_t i = 0; i + 1 < batch_sizes; ++i) {
    batches->mutable_values()->add_values()->set_int_value(static_cast<int64_t>(16 * (i + 1)));
  }
  batches->mutable_values()->add_values()->set_string_value("full");
  return Expect(SweepDefinition::Create(std::move(spec)));
}

// xorshift64*.
uint64_t History::Draw(uint64_t below) {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return (random_ * 0x2545f4914f6cdd1dull >> 11) % below;
}

double History::Value() {
  switch (Draw(12)) {
    case 0:
      return std::numeric_limits<double>::quiet_NaN();
    case 1:
      return std::numeric_limits<double>::infinity();
    case 2:
      return -0.0;
    default:
      return static_cast<double>(Draw(50)) / 7;
  }
}

absl::Status History::Step() {
  const std::vector<Event> events = StepWithoutCommit();
  absl::Status status = store_->Commit(events);
  if (status.ok()) scheduler_.Commit();
  return status;
}

std::vector<Event> History::StepWithoutCommit() {
  events_.clear();
  for (uint64_t commands = 1 + Draw(4); commands > 0; --commands) Command();
  return events_;
}

void History::Restart() {  // The new scheduler's time begins anew, like a monotonic clock's.
  scheduler_ = Scheduler(State::Restore({}, Expect(store_->Load()), Scheduler().now()));
}

void History::Do(server::core::Command command) {
  std::visit(
      [this](auto& one) {
        if constexpr (requires { one.principal; }) {
          const WorkerEntry* worker = nullptr;
          if constexpr (requires { one.worker; }) {
            worker = state().FindWorker(one.worker);
          } else {
            worker = state().FindWorker(one.id);
          }
          if (worker != nullptr) one.principal = worker->record.description.principal;
        }
      },
      command);
  if (!scheduler_.Do(command).ok()) return;  // Refused: nothing happened.
  events_.insert(events_.end(), scheduler_.events().begin(), scheduler_.events().end());
}

std::string History::AnySweep() {
  const auto& sweeps = state().sweeps();
  if (sweeps.empty()) return "none";
  return std::next(sweeps.begin(), static_cast<int64_t>(Draw(sweeps.size())))->first;
}

std::string History::AnyWorker() {
  const auto& workers = state().workers();
  if (workers.empty()) return "none";
  return std::next(workers.begin(), static_cast<int64_t>(Draw(workers.size())))->first;
}

void History::Command() {
  scheduler_.Advance(0.001);
  const uint64_t kind = Draw(100);
  if (kind < 6) return CreateSweep();
  if (kind < 16) return ChangeSweep();
  if (kind < 26) return ChangeWorker();
  if (kind < 29) {
    scheduler_.Advance(static_cast<double>(Draw(40)));
    return Do(ExpireLeases{});
  }
  if (kind < 60) return Lease();
  if (kind < 70) return ChangeCheckpoint();
  Report();
}

void History::CreateSweep() {
  RealSweep sweep;
  sweep.name = "sweep-" + std::to_string(names_);
  sweep.batch_sizes = 1 + Draw(4);
  if (Draw(2) == 0) sweep.datasets = {"mnist", "digits"};
  sweep.seeds = 1 + Draw(3);
  sweep.maximize = Draw(2) == 0;
  sweep.max_attempts = static_cast<uint32_t>(1 + Draw(3));
  if (Draw(3) == 0) sweep.trial_seconds = 50;
  constexpr v1::Keep::Weights kKeeps[] = {v1::Keep::WEIGHTS_NONE, v1::Keep::WEIGHTS_ALL, v1::Keep::WEIGHTS_BEST};
  sweep.keep = kKeeps[Draw(3)];
  const std::string number = std::to_string(names_++);
  server::core::CreateSweep create{"sweep" + number,  sweep.Build(), Draw(2) == 0 ? "request" + number : "",
                                   "digest" + number, std::nullopt,  Draw(2) == 0 ? Actor{"alice"} : Actor{}};
  if (const SweepId verified = AnySweep(); verified != "none" && Draw(4) == 0) {
    RealSweep again;
    again.batch_sizes = 1;
    create.definition = again.Build();
    create.verifies = Verification{{verified, Draw(4)}, "name" + std::to_string(Draw(4))};
  }
  Do(std::move(create));
}

void History::ChangeSweep() {
  const SweepId id = AnySweep();
  switch (Draw(8)) {
    case 0:
    case 1:
      return Do(PauseSweep{id});
    case 2:
    case 3:
      return Do(ResumeSweep{id});
    case 4:
      return Do(CancelSweep{id});
    case 5:
      return Do(DeleteSweep{id});
    default:
      break;
  }
  RetrySweep retry{id, Expect(store_->FailedTrials(id)), nullptr};
  if (const SweepEntry* sweep = state().FindSweep(id); sweep != nullptr && sweep->record.definition == nullptr) {
    const absl::StatusOr<v1::SweepSpec> spec = store_->FindSpec(id);
    if (spec.ok()) retry.definition = Expect(SweepDefinition::Create(*spec));
  }
  Do(retry);
}

void History::ChangeWorker() {
  switch (Draw(6)) {
    case 0:
      return Do(UnregisterWorker{AnyWorker()});
    case 1:
      return Do(DrainWorker{AnyWorker()});
    default:
      break;
  }
  WorkerDescription worker = Description("name" + std::to_string(Draw(4)), static_cast<uint32_t>(1 + Draw(4)));
  if (Draw(4) == 0) worker.engine_fingerprint = "engine-2";
  if (Draw(2) == 0) worker.datasets["mnist"] = "digest-2";
  if (Draw(2) == 0) worker.principal = worker.name + "-token";
  Do(RegisterWorker{"w-" + std::to_string(names_++), std::move(worker)});
}

void History::Lease() { Do(LeaseTrials{AnyWorker(), static_cast<uint32_t>(1 + Draw(5)), ""}); }

void History::ChangeCheckpoint() {
  const WorkerEntry* worker = state().FindWorker(AnyWorker());
  if (worker == nullptr || worker->running.empty()) return;
  const WorkerId id = worker->record.id;
  const TrialKey key = *std::next(worker->running.begin(), static_cast<int64_t>(Draw(worker->running.size())));
  const RunningTrial& running = *state().FindRunning(key);
  if (Draw(3) == 0 && running.from() != nullptr) {
    return Do(RejectCheckpoint{id, key, running.attempt, running.from()->file.sha256});
  }
  const uint64_t step = names_++;
  if (state().FindSweep(key.sweep)->record.definition->spec.keep().weights() != v1::Keep::WEIGHTS_NONE &&
      Draw(2) == 0) {
    return Do(AddWeights{id,
                         key,
                         running.attempt,
                         {ArtifactKind::kWeights, "weights", step, 1 + Draw(100), "sha-" + std::to_string(step)}});
  }
  Do(AddCheckpoint{id,
                   key,
                   running.attempt,
                   running.next_sequence,
                   {ArtifactKind::kCheckpoint, "checkpoint", step, 1 + Draw(100), "sha-" + std::to_string(step)}});
}

void History::Report() {
  const WorkerEntry* worker = state().FindWorker(AnyWorker());
  if (worker == nullptr) return;
  server::core::Report report{worker->record.id, {}};
  for (const TrialKey& key : worker->running) {
    if (Draw(3) == 0) continue;
    const SweepEntry& sweep = *state().FindSweep(key.sweep);
    const RunningTrial& running = sweep.running.at(key.index);
    TrialReport trial{key, running.attempt, running.next_sequence, {}, std::nullopt, std::nullopt};
    for (uint64_t points = Draw(4); points > 0; --points) {
      const uint64_t step = Draw(1000);
      trial.points.push_back(
          {Draw(2) == 0 ? "val_loss" : "val_accuracy", step, Value(), static_cast<double>(step) / 8, step * 16});
    }
    if (Draw(2) == 0) {
      trial.points.push_back({sweep.record.definition->objective_metric, 1000, static_cast<double>(Draw(5)), 3, 16000});
      const OutcomeKind kinds[] = {OutcomeKind::kSucceeded, OutcomeKind::kSucceeded, OutcomeKind::kSucceeded,
                                   OutcomeKind::kDiverged,  OutcomeKind::kError,     OutcomeKind::kError,
                                   OutcomeKind::kReleased,  OutcomeKind::kInvalid};
      Outcome outcome;
      outcome.kind = kinds[Draw(Draw(8) == 0 ? 8 : 7)];
      outcome.message = Draw(2) == 0 ? "because" : "";
      outcome.weights_digest = "weights" + std::to_string(Draw(1000));
      outcome.data_digest = worker->record.description.datasets.begin()->second;
      outcome.engine_fingerprint = worker->record.description.engine_fingerprint;
      outcome.duration = std::chrono::milliseconds(Draw(100000));
      trial.outcome = std::move(outcome);
    }
    report.trials.push_back(std::move(trial));
  }
  Do(report);
}

namespace {

void DescribeCheckpoints(const std::vector<Checkpoint>& checkpoints, std::ostringstream& out) {
  for (const Checkpoint& checkpoint : checkpoints) {
    out << "    checkpoint attempt=" << checkpoint.attempt << " step=" << checkpoint.file.step
        << " name=" << checkpoint.file.name << " bytes=" << checkpoint.file.bytes << " sha=" << checkpoint.file.sha256
        << " next=" << checkpoint.progress.next_sequence << " best=" << Bits(checkpoint.progress.best_objective)
        << " epoch=" << Bits(checkpoint.progress.epoch);
    for (const auto& [name, value] : checkpoint.progress.last) out << " " << name << "=" << Bits(value);
    out << "\n";
  }
}

}  // namespace

std::string Describe(const State& state) {
  std::ostringstream out;
  for (const auto& [id, sweep] : state.sweeps()) {
    const SweepRecord& r = sweep.record;
    const TrialCounts& c = r.counts;
    out << "sweep " << id << " name=" << r.name << " state=" << static_cast<int>(r.state) << " message=" << r.message
        << " request=" << r.request_id << " digest=" << r.spec_digest << " owner=" << r.owner
        << " verifies=" << (r.verifies ? ToText(r.verifies->trial) + " by " + r.verifies->worker : "nothing")
        << " priority=" << r.priority << " space=" << r.configs << "x" << r.seeds << " maximize=" << r.maximize
        << " counts=" << c.pending << "," << c.running << "," << c.succeeded << "," << c.diverged << "," << c.pruned
        << "," << c.failed << "," << c.cancelled << " engine=" << r.pins.engine_fingerprint
        << " times=" << r.created_at.count() << "," << r.started_at.value_or(WallTime(-1)).count() << ","
        << r.ended_at.value_or(WallTime(-1)).count() << " next=" << sweep.next_index << "\n";
    for (const RankedTrial& best : r.best) out << "  best " << best.index << "," << Bits(best.objective) << "\n";
    for (const auto& [set, digest] : r.pins.digests) out << "  pin " << set << "=" << digest << "\n";
    if (r.definition) out << "  spec " << r.definition->spec.ShortDebugString() << "\n";
    for (const uint64_t index : sweep.skipped) out << "  skipped " << index << "\n";
    for (const auto& [index, trial] : sweep.queued) {
      out << "  queued " << index << " attempts=" << trial.attempts << " failures=" << trial.failures << "\n";
      // A sweep that has ended leases nothing.
      if (r.definition) DescribeCheckpoints(trial.checkpoints, out);
    }
    for (const auto& [index, trial] : sweep.running) {
      out << "  running " << index << " attempt=" << trial.attempt << " failures=" << trial.failures
          << " config=" << trial.config << " seed=" << trial.seed << " worker=" << trial.worker
          << " next=" << trial.next_sequence << " best=" << Bits(trial.best_objective)
          << " epoch=" << Bits(trial.epoch);
      for (const auto& [name, value] : trial.last) out << " " << name << "=" << Bits(value);
      out << "\n";
      DescribeCheckpoints(trial.checkpoints, out);
    }
  }
  for (const auto& [id, worker] : state.workers()) {
    const WorkerDescription& d = worker.record.description;
    if (worker.record.state == WorkerState::kLeft) continue;
    out << "worker " << id << " name=" << d.name << " version=" << d.version << " engine=" << d.engine_fingerprint
        << " slots=" << d.slots << "x" << d.threads_per_trial << " state=" << static_cast<int>(worker.record.state)
        << " principal=" << d.principal << " connected=" << worker.record.connected_at.count()
        << " finished=" << worker.record.trials_finished;
    for (const auto& [set, digest] : d.datasets) out << " " << set << "=" << digest;
    for (const TrialKey& key : worker.running) out << " runs=" << key.sweep << "/" << key.index;
    out << "\n";
  }
  return out.str();
}

}  // namespace basin::tests
