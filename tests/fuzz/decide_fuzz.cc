// Bytes as a list of commands, most of them wrong in some way: whatever they are, the state agrees with itself after
// each, and a restart gives the state of what was committed.

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/decide.h"
#include "server/core/invariants.h"
#include "server/store/memory_store.h"
#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/sweep_builder.h"

namespace basin::tests::fuzz {
namespace {

using namespace server::core;  // NOLINT: every noun of the core.

class Server {
 public:
  explicit Server(ByteReader* bytes) : bytes_(*bytes), state_(settings()) {}

  void Run() {
    while (!bytes_.empty()) Step();
    Restart();
  }

 private:
  static Settings settings() {
    Settings settings;
    settings.look_ahead = 3;
    return settings;
  }

  void Step() {
    now_.mono += std::chrono::milliseconds(1);
    switch (bytes_.Below(20)) {
      case 0:
        return Restart();
      case 1:
        now_.mono += std::chrono::seconds(bytes_.Byte());
        now_.wall -= std::chrono::hours(bytes_.Byte());
        return Do(ExpireLeases{std::chrono::seconds(bytes_.Below(2))});
      case 2:
        return Do(NewSweep());
      case 3:
        return Do(PauseSweep{Sweep()});
      case 4:
        return Do(ResumeSweep{Sweep()});
      case 5:
        return Do(CancelSweep{Sweep()});
      case 6:
        return Do(DeleteSweep{Sweep()});
      case 7:
        return Retry();
      case 8:
        return Do(RegisterWorker{Worker(), NewWorker()});
      case 9:
        return Do(UnregisterWorker{Worker()});
      case 10:
        return Do(DrainWorker{Worker()});
      case 11:
      case 12:
        return Do(LeaseTrials{Worker(), static_cast<uint32_t>(bytes_.Below(5)), Request()});
      case 13:
        return Do(AddCheckpoint{Worker(), Trial(), Attempt(), bytes_.Below(8), File()});
      case 14:
        return Do(RejectCheckpoint{Worker(), Trial(), Attempt(), File().sha256});
      case 15:
        return Do(AddWeights{Worker(), Trial(), Attempt(), File()});
      default:
        return Do(NewReport());
    }
  }

  // Few names, so that commands meet.
  SweepId Sweep() { return absl::StrCat("s", bytes_.Below(3)); }
  WorkerId Worker() { return absl::StrCat("w", bytes_.Below(3)); }
  std::string Request() { return bytes_.Below(2) == 0 ? "" : absl::StrCat("r", bytes_.Below(2)); }
  TrialKey Trial() { return {Sweep(), bytes_.Below(7)}; }
  uint32_t Attempt() { return static_cast<uint32_t>(bytes_.Below(5)); }
  Artifact File() {
    const uint64_t step = bytes_.Below(6);
    return {ArtifactKind::kCheckpoint, "checkpoint", step, 1, absl::StrCat("sha", step)};
  }

  Command NewSweep() {
    SweepBuilder builder;
    builder.Configs(1 + bytes_.Below(3)).Seeds(1 + bytes_.Below(2)).MaxAttempts(1 + bytes_.Below(2));
    if (bytes_.Below(2) == 0) builder.MaxParallel(1 + bytes_.Below(2));
    if (bytes_.Below(2) == 0) builder.TrialSeconds(20);
    if (bytes_.Below(2) == 0) builder.DatasetOf([](uint64_t config) { return config == 1 ? "mnist" : "digits"; });
    CreateSweep create{Sweep(), builder.Build(), Request(), absl::StrCat("d", bytes_.Below(2)), std::nullopt};
    if (const auto stored = store_.FindRequest(create.request_id); stored.ok()) create.stored = *stored;
    return create;
  }

  WorkerDescription NewWorker() {
    WorkerDescription worker;
    worker.name = absl::StrCat("n", bytes_.Below(3));
    worker.engine_fingerprint = absl::StrCat("e", bytes_.Below(2));
    worker.slots = static_cast<uint32_t>(1 + bytes_.Below(3));
    worker.datasets["digits"] = absl::StrCat("d", bytes_.Below(2));
    if (bytes_.Below(2) == 0) worker.datasets["mnist"] = "m";
    return worker;
  }

  void Retry() {
    RetrySweep retry{Sweep(), {}, nullptr};
    if (const auto failed = store_.FailedTrials(retry.id); failed.ok()) retry.failed = *failed;
    if (const auto found = definitions_.find(retry.id); found != definitions_.end()) retry.definition = found->second;
    Do(retry);
  }

  Report NewReport() {
    Report report{Worker(), {}};
    for (uint64_t trials = bytes_.Below(3); trials > 0; --trials) {
      TrialReport trial{Trial(), Attempt(), bytes_.Below(6), {}, std::nullopt, std::nullopt};
      for (uint64_t points = bytes_.Below(4); points > 0; --points) {
        const double values[] = {0.5, -1, 1e308, std::numeric_limits<double>::quiet_NaN()};
        const char* names[] = {"val_loss", "train_loss", "", "../x"};
        trial.points.push_back({names[bytes_.Below(4)], bytes_.Below(9), values[bytes_.Below(4)], 1, bytes_.Below(9)});
      }
      if (const uint64_t kind = bytes_.Below(7); kind >= 1 && kind <= 5) {
        trial.outcome.emplace();
        trial.outcome->kind = static_cast<OutcomeKind>(kind);
        trial.outcome->message = absl::StrCat(bytes_.Below(2));
      }
      if (const auto stored = store_.FindFinished(trial.key); stored.ok()) trial.stored = *stored;
      report.trials.push_back(std::move(trial));
    }
    return report;
  }

  // Decides, applies and commits.
  void Do(const Command& command) {
    const absl::StatusOr<Decision> decision = Decide(state_, command, now_);
    if (!decision.ok()) return Require(!absl::IsInternal(decision.status()), "a refusal is the caller's fault");
    for (const Event& event : decision->events) {
      state_.Apply(event);
      if (const auto* created = std::get_if<SweepCreated>(&event)) definitions_[created->id] = created->definition;
    }
    Require(store_.Commit(decision->events).ok(), "what was decided can be stored");
    state_.ForgetFinished();
    Check();
  }

  void Restart() {
    const State before = state_;
    now_ = {std::chrono::seconds(bytes_.Byte()), now_.wall};
    state_ = State::Restore(settings(), *store_.Load(), now_);
    Check();
    Require(state_.sweeps().size() == before.sweeps().size(), "a restart keeps the sweeps");
    for (const auto& [id, sweep] : before.sweeps()) {
      const SweepEntry* after = state_.FindSweep(id);
      Require(after != nullptr && after->record.counts == sweep.record.counts &&
                  after->record.state == sweep.record.state && after->running.size() == sweep.running.size() &&
                  after->queued.size() == sweep.queued.size(),
              "a restart keeps a sweep as it is");
    }
  }

  void Check() {
    const absl::Status sound = CheckInvariants(state_);
    if (!sound.ok()) std::fprintf(stderr, "%s\n", sound.ToString().c_str());
    Require(sound.ok(), "the state agrees with itself");
  }

  ByteReader& bytes_;
  State state_;
  server::store::MemoryStore store_;
  server::core::Now now_{std::chrono::seconds(1000), std::chrono::hours(1000000)};
  std::map<SweepId, std::shared_ptr<const SweepDefinition>> definitions_;
};

}  // namespace
}  // namespace basin::tests::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  basin::tests::fuzz::ByteReader bytes(data, size);
  basin::tests::fuzz::Server(&bytes).Run();
  return 0;
}
