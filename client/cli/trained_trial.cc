#include "client/cli/trained_trial.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/api/request_id.h"
#include "client/cli/interrupt.h"
#include "client/cli/progress.h"
#include "client/cli/proto_time.h"
#include "client/cli/sweep_text.h"
#include "client/cli/trial_name.h"
#include "client/format/human.h"
#include "proto/contract/digest.h"
#include "proto/contract/space.h"

namespace basin::client::cli {
namespace {

// The sweep of this spec that is there already, or a new one; it runs, or has ended with its results.
absl::StatusOr<v1::Sweep> FindOrCreate(Context& context, const v1::SweepSpec& spec) {
  api::Client& client = context.client();
  const std::string request_id = "analysis-" + contract::Sha256Hex(spec.SerializeAsString()).substr(0, 32);
  absl::StatusOr<v1::Sweep> sweep = client.CreateSweep(spec, request_id);
  if (!sweep.ok()) return sweep;
  switch (sweep->state()) {
    case v1::SWEEP_STATE_PAUSED:
      return client.ResumeSweep(sweep->id());
    case v1::SWEEP_STATE_FINISHED:
      if (sweep->trials().succeeded() == sweep->trials().total()) return sweep;
      break;
    case v1::SWEEP_STATE_CANCELLED:
    case v1::SWEEP_STATE_FAILED:
      break;
    default:
      return sweep;
  }
  return client.CreateSweep(spec, api::RandomRequestId());
}

absl::Status Follow(Context& context, const v1::Sweep& sweep) {
  api::Client& client = context.client();
  // The first signal ends the following, so that what it followed can be paused; the second ends that too.
  Interrupt interrupt([&client](int count) {
    if (count > 1) client.Interrupt();
  });
  const size_t width = context.environment().err_terminal_width;
  const absl::StatusOr<v1::Sweep> ended = FollowSweep(client, sweep.id(), interrupt,
                                                      {.out = &context.err(),
                                                       .terminal_width = width,
                                                       .color = context.ColorOn(width),
                                                       .quiet = context.quiet(),
                                                       .best = false});
  if (ended.ok() || !absl::IsCancelled(ended.status())) return ended.status();
  if (client.PauseSweep(sweep.id()).ok()) {
    context.Note("Interrupted; sweep " + sweep.id() + " is paused, and the same command goes on with it.");
  }
  return ended.status();
}

constexpr double kLongTraining = 2;  // Seconds after which somebody who waits wonders.

bool KeepsWeights(Context& context, const TrainedTrial& of) {
  bool kept = false;
  context.client()
      .Artifacts(of.sweep, of.index)
      .ForEach([&](const v1::Artifact& artifact) {
        kept = kept || artifact.kind() == v1::ARTIFACT_KIND_WEIGHTS;
        return !kept;
      })
      .IgnoreError();
  return kept;
}

}  // namespace

std::string NamedTrial::name() const { return absl::StrCat(sweep, "/", index); }
std::string TrainedTrial::name() const { return absl::StrCat(sweep, "/", index); }

absl::StatusOr<NamedTrial> FindTrial(Context& context, const std::string& name) {
  const absl::StatusOr<TrialName> parsed = ParseTrialName(name);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->index) {
    return absl::InvalidArgumentError(absl::StrCat("expected one trial, as SWEEP/INDEX, such as ", parsed->sweep,
                                                   "/0; `basin results ", parsed->sweep, "` names the best one"));
  }
  const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(parsed->sweep);
  if (!sweep.ok()) return sweep.status();
  const absl::StatusOr<std::shared_ptr<const contract::Space>> space = contract::Space::Create(sweep->spec());
  if (!space.ok()) return space.status();
  const uint64_t configs = (*space)->size(), total = configs * contract::SeedCount(sweep->spec().seeds());
  if (*parsed->index >= total) {
    return absl::NotFoundError(
        absl::StrCat("sweep ", sweep->id(), " has trials 0 to ", total - 1, ", not ", *parsed->index));
  }
  NamedTrial trial;
  trial.sweep = sweep->id();
  trial.index = *parsed->index;
  trial.seed = contract::SeedAt(sweep->spec().seeds(), trial.index / configs);
  trial.workload = (*space)->Resolve(trial.index % configs);
  absl::StatusOr<v1::Trial> run = context.client().Trial(trial.sweep, trial.index);
  if (!run.ok() && !absl::IsNotFound(run.status())) return run.status();
  if (run.ok()) trial.run = *std::move(run);
  return trial;
}

absl::StatusOr<TrainedTrial> TrainingOf(const NamedTrial& trial) {
  TrainedTrial training{
      .sweep = trial.sweep, .index = trial.index, .train = {}, .seed = trial.seed, .weights_digest = {}};
  const v1::Workload& workload = trial.workload;
  if (workload.has_train()) {
    training.train = workload.train();
    training.weights_digest = trial.run.weights_digest();
    training.seconds = SecondsOf(trial.run.duration());
  } else if (workload.has_analyze()) {
    training.train = workload.analyze().train();
    if (workload.analyze().has_train_seed()) training.seed = workload.analyze().train_seed();
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat(trial.name(), " is a descent on a surface and trains no network; expected a trial that does"));
  }
  training.train.clear_observe();  // It is of the way; and changes no weight.
  return training;
}

absl::StatusOr<TrainedTrial> FindTrainedTrial(Context& context, const std::string& name) {
  const absl::StatusOr<NamedTrial> trial = FindTrial(context, name);
  if (!trial.ok()) return trial.status();
  return TrainingOf(*trial);
}

absl::StatusOr<AnalysisResults> RunForAnswer(Context& context, const v1::SweepSpec& spec,
                                             const std::function<void()>& before_waiting) {
  absl::StatusOr<v1::Sweep> sweep = FindOrCreate(context, spec);
  if (!sweep.ok()) return sweep.status();
  if (!HasEnded(*sweep)) {
    before_waiting();
    if (const absl::Status followed = Follow(context, *sweep); !followed.ok()) return followed;
  }
  AnalysisResults results{.sweep = *std::move(sweep), .trials = {}};
  absl::Status status;
  const absl::Status read = context.client().Trials(results.sweep.id()).ForEach([&](const v1::Trial& trial) {
    if (trial.state() == v1::TRIAL_STATE_SUCCEEDED) {
      results.trials.push_back(trial);
      return true;
    }
    status = absl::FailedPreconditionError(absl::StrCat(spec.name(), ": trial ", trial.sweep_id(), "/", trial.index(),
                                                        " is ", StateName(trial.state()),
                                                        trial.message().empty() ? "" : ": ", trial.message()));
    return false;
  });
  if (!read.ok()) return read;
  if (!status.ok()) return status;
  if (results.trials.size() != results.sweep.trials().total()) {
    return absl::FailedPreconditionError(absl::StrCat(
        spec.name(), ": sweep ", results.sweep.id(), " ended with ", results.trials.size(), " of ",
        format::Count(results.sweep.trials().total(), "result"), "; `basin show ", results.sweep.id(), "` says why"));
  }
  std::sort(results.trials.begin(), results.trials.end(),
            [](const v1::Trial& a, const v1::Trial& b) { return a.index() < b.index(); });
  return results;
}

absl::StatusOr<AnalysisResults> RunAnalysis(Context& context, const v1::SweepSpec& spec, const TrainedTrial& of) {
  absl::StatusOr<AnalysisResults> results = RunForAnswer(context, spec, [&] {
    if (of.seconds < kLongTraining || KeepsWeights(context, of)) return;
    context.Note(absl::StrCat("The weights of ", of.name(),
                              " are not kept: each worker that takes part trains it again ", "first, which took ",
                              format::HumanDuration(of.seconds),
                              "; `keep: {weights: all}` in its sweep would have kept them."));
  });
  if (!results.ok()) return results;
  const std::string& digest = results->trials.front().weights_digest();
  if (!of.weights_digest.empty() && digest != of.weights_digest) {
    context.Warn(absl::StrCat("the training of ", of.name(), " came out with other weights than when it ran (digest ",
                              digest.substr(0, 12), ", then ", of.weights_digest.substr(0, 12),
                              "): this is told of the weights of now; `basin verify ", of.name(),
                              "` compares the two"));
  }
  return results;
}

absl::Status PointsAreGone(const std::string& sweep) {
  return absl::FailedPreconditionError(absl::StrCat("sweep ", sweep,
                                                    " has no points any more: the server has deleted them "
                                                    "(--keep-metrics-days); `basin rm ",
                                                    sweep, "`, and the same command measures them again"));
}

v1::SweepSpec AnalysisSpec(const std::string& name, const TrainedTrial& of, const std::string& objective, uint64_t seed,
                           uint64_t examples) {
  v1::SweepSpec spec;
  spec.set_name(absl::StrCat(name, "-", of.sweep, "-", of.index));
  spec.mutable_objective()->set_minimize(objective);
  spec.mutable_seeds()->mutable_list()->add_seeds(seed);
  v1::AnalyzeWorkload& analyze = *spec.mutable_base()->mutable_analyze();
  *analyze.mutable_train() = of.train;
  analyze.set_train_seed(of.seed);
  if (examples > 0) analyze.set_examples(examples);
  return spec;
}

}  // namespace basin::client::cli
