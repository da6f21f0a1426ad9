#include "server/rpc/conversion.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/validate.h"
#include "server/rpc/call.h"
#include "server/runtime/sweep_view.h"

namespace basin::server::rpc {
namespace {

// How often a trial saves a checkpoint unless its sweep says otherwise.
constexpr double kCheckpointSeconds = 60;

// The trial of a path such as `trials[3].outcome.kind`; -1 for another path. `rest` is what follows.
int TrialOf(std::string_view path, std::string_view* rest) {
  constexpr std::string_view kPrefix = "trials[";
  const size_t end = path.find(']');
  int place = -1;
  if (!path.starts_with(kPrefix) || end == std::string_view::npos ||
      !absl::SimpleAtoi(std::string(path.substr(kPrefix.size(), end - kPrefix.size())), &place)) {
    return -1;
  }
  *rest = path.substr(std::min(path.size(), end + 2));
  return place;
}

bool IsMetricName(std::string_view name) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 128 && is_letter_or_digit(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

// Empty: nothing is wrong.
std::string FaultOf(const v1::TrialReport& trial) {
  for (int i = 0; i < trial.points_size(); ++i) {
    if (!IsMetricName(trial.points(i).name())) {
      return absl::StrCat("points[", i, "].name: must be a name of letters, digits, '.', '_' and '-'");
    }
  }
  return "";
}

void Refuse(const std::string& message, v1::TrialReportResult* result) {
  result->set_directive(v1::TrialReportResult::DIRECTIVE_CONTINUE);
  result->set_code(static_cast<int32_t>(absl::StatusCode::kInvalidArgument));
  result->set_message(message);
}

core::Outcome FromProto(const v1::TrialOutcome& outcome) {
  return {.kind = static_cast<core::OutcomeKind>(outcome.kind()),
          .message = outcome.message(),
          .weights_digest = outcome.weights_digest(),
          .data_digest = outcome.data_digest(),
          .engine_fingerprint = outcome.engine_fingerprint(),
          .duration = std::chrono::seconds(std::clamp<int64_t>(outcome.duration().seconds(), 0, 1000000000)) +
                      std::chrono::nanoseconds(std::clamp(outcome.duration().nanos(), 0, 999999999))};
}

core::TrialReport FromProto(const v1::TrialReport& trial) {
  core::TrialReport report{.key = {.sweep = trial.sweep_id(), .index = trial.index()},
                           .attempt = trial.attempt(),
                           .first_sequence = trial.first_sequence(),
                           .points = {},
                           .outcome = {},
                           .stored = {}};
  report.points.reserve(static_cast<size_t>(trial.points_size()));
  for (const v1::MetricPoint& point : trial.points()) {
    report.points.push_back({.name = point.name(),
                             .step = point.step(),
                             .value = point.value(),
                             .epoch = point.epoch(),
                             .examples = point.examples()});
  }
  if (trial.has_outcome()) report.outcome = FromProto(trial.outcome());
  return report;
}

}  // namespace

absl::StatusOr<core::WorkerDescription> FromProto(const v1::RegisterWorkerRequest& request) {
  core::WorkerDescription description{.name = request.name(),
                                      .version = request.version(),
                                      .engine_fingerprint = request.engine_fingerprint(),
                                      .slots = request.slots(),
                                      .threads_per_trial = request.threads_per_trial(),
                                      .datasets = {}};
  for (int i = 0; i < request.datasets_size(); ++i) {
    const v1::AvailableDataset& dataset = request.datasets(i);
    if (!description.datasets.emplace(dataset.name(), dataset.digest()).second) {
      return FieldError(absl::StrCat("datasets[", i, "].name"), absl::StrCat("'", dataset.name(), "' is named twice"));
    }
  }
  return description;
}

void ToProto(const core::Checkpoint& checkpoint, v1::CheckpointReference* reference) {
  reference->set_step(checkpoint.file.step);
  reference->set_bytes(checkpoint.file.bytes);
  reference->set_sha256(checkpoint.file.sha256);
  reference->set_next_sequence(checkpoint.progress.next_sequence);
}

void ToProto(const core::LeaseReply& reply, v1::LeaseTrialsResponse* response) {
  response->set_drain(reply.drain);
  for (const core::LeaseReply::Lease& lease : reply.leases) {
    v1::LeasedTrial* trial = response->add_trials();
    trial->set_sweep_id(lease.key.sweep);
    trial->set_index(lease.key.index);
    trial->set_attempt(lease.attempt);
    trial->set_seed(lease.seed);
    *trial->mutable_workload() = lease.definition->space->Resolve(lease.config);
    if (lease.definition->trial_time_limit) {
      *trial->mutable_time_limit() = runtime::ToDuration(*lease.definition->trial_time_limit);
    }
    if (lease.from) ToProto(*lease.from, trial->mutable_checkpoint());
    const v1::Keep::Weights keep = lease.definition->spec.keep().weights();
    trial->set_keep_weights(keep == v1::Keep::WEIGHTS_ALL || keep == v1::Keep::WEIGHTS_BEST);
    if (lease.weights_bar) {
      *trial->mutable_weights_bar()->mutable_objective() = lease.definition->spec.objective();
      trial->mutable_weights_bar()->set_value(*lease.weights_bar);
    }
    *trial->mutable_checkpointing() = lease.definition->spec.checkpoint();
    if (trial->checkpointing().interval_case() == v1::Checkpointing::INTERVAL_NOT_SET) {
      trial->mutable_checkpointing()->set_every_seconds(kCheckpointSeconds);
    }
  }
}

absl::StatusOr<CheckedReport> CheckReport(const v1::ReportRequest& request) {
  std::map<int, std::string> faults;
  std::vector<contract::Violation> whole;
  for (contract::Violation& violation : contract::CheckRules(request)) {
    std::string_view rest;
    const int place = TrialOf(violation.path, &rest);
    if (place < 0) {
      whole.push_back(std::move(violation));
    } else {
      faults.emplace(place, absl::StrCat(std::string(rest), ": ", violation.description));
    }
  }
  if (!whole.empty()) return contract::InvalidArgument(whole);
  CheckedReport report;
  report.command.worker = request.worker_id();
  for (int i = 0; i < request.trials_size(); ++i) {
    v1::TrialReportResult* result = report.response.add_results();
    const auto fault = faults.find(i);
    const std::string message = fault != faults.end() ? fault->second : FaultOf(request.trials(i));
    if (!message.empty()) {
      Refuse(message, result);
      continue;
    }
    report.places.push_back(i);
    report.command.trials.push_back(FromProto(request.trials(i)));
  }
  return report;
}

void CheckedReport::SetReply(const core::ReportReply& reply) {
  response.set_drain(reply.drain);
  for (size_t i = 0; i < places.size(); ++i) {
    const core::ReportReply::Result& result = reply.results[i];
    v1::TrialReportResult* proto = response.mutable_results(places[i]);
    proto->set_directive(static_cast<v1::TrialReportResult::Directive>(result.directive));
    proto->set_next_sequence(result.next_sequence);
    proto->set_code(static_cast<int32_t>(result.status.code()));
    proto->set_message(std::string(result.status.message()));
  }
}

}  // namespace basin::server::rpc
