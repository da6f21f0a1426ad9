#include "server/rpc/verification.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/canonical.h"
#include "proto/contract/defaults.h"
#include "proto/contract/digest.h"
#include "proto/contract/validate.h"

namespace basin::server::rpc {
namespace {

absl::StatusOr<v1::Trial> FindTrial(const Parts& parts, const core::TrialKey& key) {
  absl::StatusOr<std::vector<v1::Trial>> trials = parts.queries->Trials(key.sweep, key.index, {}, 1);
  if (!trials.ok()) return trials.status();
  // A trial that was never leased has no row.
  if (trials->empty() || trials->front().index() != key.index) {
    return absl::FailedPreconditionError(
        absl::StrCat("trial ", core::ToText(key), " has not begun; only one that has a result can be verified"));
  }
  return std::move(trials->front());
}

absl::Status CheckResult(const core::TrialKey& key, const v1::Trial& trial) {
  if (trial.state() == v1::TRIAL_STATE_SUCCEEDED || trial.state() == v1::TRIAL_STATE_DIVERGED) return absl::OkStatus();
  const std::string state = v1::TrialState_Name(trial.state()).substr(std::string("TRIAL_STATE_").size());
  return absl::FailedPreconditionError(absl::StrCat("trial ", core::ToText(key), " is ", state,
                                                    "; only one that SUCCEEDED or DIVERGED can be verified"));
}

// Takes the clock away, which may end another run at another step than this one. What it has ended already can't be
// run again to the same step: a lease does not carry one.
absl::Status RemoveClock(const core::TrialKey& key, const v1::Trial& trial, v1::Workload* workload) {
  if (contract::IsRepeatable(*workload)) return absl::OkStatus();
  if (trial.state() == v1::TRIAL_STATE_SUCCEEDED && !trial.message().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("trial ", core::ToText(key),
                     " has a limit of time (train.stopping.seconds) and ended before its length (", trial.message(),
                     "); a trial that a clock may have ended can't be verified, since the step depends on the "
                     "machine. Submit it with `steps` in place of the limit to get a result that can"));
  }
  workload->mutable_train()->mutable_stopping()->clear_seconds();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<core::CreateSweep> VerificationOf(const Parts& parts, const core::SweepId& id,
                                                 const v1::VerifyTrialRequest& request) {
  absl::StatusOr<v1::SweepSpec> spec = parts.queries->FindSpec(id);
  if (!spec.ok()) return spec.status();
  const auto original = core::SweepDefinition::Create(*std::move(spec));
  if (!original.ok()) return original.status();
  const core::SweepDefinition& sweep = **original;
  const core::TrialKey key{id, request.trial()};
  if (key.index >= sweep.trials()) {
    return absl::NotFoundError(
        absl::StrCat("no trial ", core::ToText(key), ": the sweep has trials 0 to ", sweep.trials() - 1));
  }
  const absl::StatusOr<v1::Trial> trial = FindTrial(parts, key);
  if (!trial.ok()) return trial.status();
  if (absl::Status status = CheckResult(key, *trial); !status.ok()) return status;

  v1::SweepSpec again;
  again.set_name(absl::StrCat("verify-", id, "-", key.index));
  *again.mutable_objective() = sweep.spec.objective();
  again.mutable_seeds()->mutable_list()->add_seeds(trial->seed());
  *again.mutable_base() = sweep.space->Resolve(sweep.ConfigOf(key.index));
  if (absl::Status status = RemoveClock(key, *trial, again.mutable_base()); !status.ok()) return status;
  *again.mutable_limits() = sweep.spec.limits();
  again.set_priority(sweep.spec.priority());
  if (sweep.spec.has_checkpoint()) *again.mutable_checkpoint() = sweep.spec.checkpoint();
  contract::FillDefaults(&again);
  if (absl::Status status = contract::ValidateSweep(again); !status.ok()) return status;
  absl::StatusOr<std::shared_ptr<const core::SweepDefinition>> definition =
      core::SweepDefinition::Create(std::move(again));
  if (!definition.ok()) return definition.status();

  core::CreateSweep command;
  command.definition = *std::move(definition);
  command.request_id = request.request_id();
  command.spec_digest = contract::Sha256Hex(absl::StrCat("verify ", core::ToText(key)));
  command.verifies = core::Verification{key, trial->worker()};
  return command;
}

}  // namespace basin::server::rpc
