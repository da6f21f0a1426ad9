#include "client/cli/sweep_text.h"

#include <algorithm>
#include <cctype>
#include <chrono>

#include "client/cli/param_names.h"
#include "client/cli/proto_time.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

using format::Cell;
using format::Color;
using format::Column;

std::string WithoutPrefix(const std::string& name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

}  // namespace

double Now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string StateName(v1::SweepState state) { return WithoutPrefix(v1::SweepState_Name(state), "SWEEP_STATE_"); }
std::string StateName(v1::TrialState state) { return WithoutPrefix(v1::TrialState_Name(state), "TRIAL_STATE_"); }
std::string StateName(v1::WorkerState state) { return WithoutPrefix(v1::WorkerState_Name(state), "WORKER_STATE_"); }

Color StateColor(const Cell& state) {
  const auto* name = std::get_if<std::string>(&state);
  if (name == nullptr) return Color::kNone;
  if (*name == "SUCCEEDED" || *name == "FINISHED" || *name == "CONNECTED" || *name == "ok") return Color::kGreen;
  if (*name == "RUNNING") return Color::kCyan;
  if (*name == "FAILED" || *name == "LOST" || *name == "fail") return Color::kRed;
  if (*name == "DIVERGED" || *name == "PAUSED" || *name == "DRAINING" || *name == "warn") return Color::kYellow;
  if (*name == "CANCELLED" || *name == "LEFT" || *name == "PENDING") return Color::kDim;
  return Color::kNone;
}

absl::StatusOr<std::vector<v1::TrialState>> ParseTrialStates(const std::string& text) {
  std::vector<v1::TrialState> states;
  for (std::string name : SplitList(text)) {
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    v1::TrialState state;
    if (!v1::TrialState_Parse("TRIAL_STATE_" + name, &state) || state == v1::TRIAL_STATE_UNSPECIFIED) {
      return absl::InvalidArgumentError(
          "there is no trial state `" + name +
          "`; the states are pending, running, succeeded, diverged, pruned, failed, cancelled");
    }
    states.push_back(state);
  }
  return states;
}

bool HasEnded(const v1::Sweep& sweep) {
  return sweep.state() == v1::SWEEP_STATE_FINISHED || sweep.state() == v1::SWEEP_STATE_CANCELLED ||
         sweep.state() == v1::SWEEP_STATE_FAILED;
}

uint64_t DoneTrials(const v1::TrialCounts& trials) {
  return trials.succeeded() + trials.diverged() + trials.pruned() + trials.failed() + trials.cancelled();
}

int ExitCodeOfSweep(const v1::Sweep& sweep) {
  return sweep.state() == v1::SWEEP_STATE_FINISHED && sweep.trials().failed() == 0 ? 0 : 1;
}

std::string ObjectiveMetric(const v1::Objective& objective) {
  return objective.has_maximize() ? objective.maximize() : objective.minimize();
}

std::string SizeText(uint64_t configs, uint64_t seeds) {
  return format::Count(configs, "config") + " x " + format::Count(seeds, "seed") + " = " +
         format::Count(configs * seeds, "trial");
}

std::string CountsText(const v1::TrialCounts& trials) {
  std::string out = std::to_string(DoneTrials(trials)) + " of " + format::Count(trials.total(), "trial") + " done";
  std::string parts;
  const auto add = [&](uint64_t n, const char* what) {
    if (n > 0) parts += (parts.empty() ? "" : ", ") + std::to_string(n) + " " + what;
  };
  add(trials.succeeded(), "succeeded");
  add(trials.diverged(), "diverged");
  add(trials.pruned(), "pruned");
  add(trials.failed(), "failed");
  add(trials.cancelled(), "cancelled");
  if (!parts.empty()) out += ": " + parts;
  if (trials.reused() > 0) out += " (" + std::to_string(trials.reused()) + " taken over from other trials)";
  if (trials.running() > 0) out += "; " + std::to_string(trials.running()) + " running";
  return out;
}

std::string BestText(const v1::Sweep& sweep) {
  if (!sweep.has_best_trial() || !sweep.has_best_objective()) return "";
  const std::string metric = sweep.has_spec() ? ObjectiveMetric(sweep.spec().objective()) : "objective";
  std::string out = metric + " " + format::HumanReal(sweep.best_objective()) + " (trial " + sweep.id() + "/" +
                    std::to_string(sweep.best_trial());
  if (sweep.has_spec() && sweep.configs() > 0) {
    const auto space = contract::Space::Create(sweep.spec());
    const uint64_t config = sweep.best_trial() % sweep.configs();
    if (space.ok() && config < (*space)->size()) {
      const std::string params = ParamsText((*space)->Params(config), (*space)->ParamPaths());
      if (!params.empty()) out += ": " + params;
    }
  }
  return out + ")";
}

std::vector<Column> SweepColumns() {
  using In = Column::In;
  return {
      {.name = "id"},
      {.name = "name", .shrink = true},
      {.name = "state", .color = StateColor},
      {.name = "done", .in = In::kTable},
      {.name = "total", .json = {"trials", "total"}, .in = In::kData},
      {.name = "pending", .json = {"trials", "pending"}, .in = In::kData},
      {.name = "running", .json = {"trials", "running"}, .hide_blank = true},
      {.name = "succeeded", .json = {"trials", "succeeded"}, .in = In::kData},
      {.name = "diverged", .json = {"trials", "diverged"}, .hide_blank = true},
      {.name = "pruned", .json = {"trials", "pruned"}, .hide_blank = true},
      {.name = "failed", .json = {"trials", "failed"}, .hide_blank = true},
      {.name = "cancelled", .json = {"trials", "cancelled"}, .in = In::kData},
      {.name = "reused", .json = {"trials", "reused"}, .hide_blank = true},
      {.name = "configs", .in = In::kData},
      {.name = "seeds", .in = In::kData},
      {.name = "best_objective", .title = "BEST"},
      {.name = "best_trial", .in = In::kData},
      {.name = "trials_per_second", .in = In::kData},
      {.name = "priority", .hide_blank = true},
      {.name = "verifies", .hide_blank = true},
      {.name = "age", .in = In::kTable},
      {.name = "created_at", .in = In::kData},
      {.name = "started_at", .in = In::kData},
      {.name = "ended_at", .in = In::kData},
      {.name = "waiting", .hide_blank = true, .shrink = true},
      {.name = "message", .hide_blank = true, .shrink = true},
  };
}

std::vector<Cell> SweepCells(const v1::Sweep& sweep) {
  const v1::TrialCounts& trials = sweep.trials();
  return {
      sweep.id(),
      sweep.name(),
      StateName(sweep.state()),
      std::to_string(DoneTrials(trials)) + "/" + std::to_string(trials.total()),
      uint64_t{trials.total()},
      uint64_t{trials.pending()},
      uint64_t{trials.running()},
      uint64_t{trials.succeeded()},
      uint64_t{trials.diverged()},
      uint64_t{trials.pruned()},
      uint64_t{trials.failed()},
      uint64_t{trials.cancelled()},
      uint64_t{trials.reused()},
      uint64_t{sweep.configs()},
      uint64_t{sweep.seeds()},
      sweep.has_best_objective() ? Cell(sweep.best_objective()) : Cell(),
      sweep.has_best_trial() ? Cell(uint64_t{sweep.best_trial()}) : Cell(),
      sweep.trials_per_second(),
      int64_t{sweep.priority()},
      sweep.verifies(),
      sweep.has_created_at() ? Cell(format::Seconds{std::max(0.0, Now() - SecondsOf(sweep.created_at()))}) : Cell(),
      TimeCell(sweep.has_created_at(), sweep.created_at()),
      TimeCell(sweep.has_started_at(), sweep.started_at()),
      TimeCell(sweep.has_ended_at(), sweep.ended_at()),
      sweep.waiting(),
      sweep.message(),
  };
}

}  // namespace basin::client::cli
