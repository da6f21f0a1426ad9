#include "worker/train/averaging/averaging.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/violation.h"

namespace basin::worker::train {
namespace {

void AddScores(const std::string& name, const PartScores& scores, EpochReport* report) {
  report->further.emplace_back(name + "_val_loss", scores.validation_loss);
  report->further.emplace_back(name + "_val_accuracy", scores.validation_accuracy);
  report->further.emplace_back(name + "_test_loss", scores.test_loss);
  report->further.emplace_back(name + "_test_accuracy", scores.test_accuracy);
}

}  // namespace

std::vector<std::string> AveragedMetrics(const v1::Averaging& rules) {
  EpochReport report;
  if (rules.has_swa()) AddScores("swa", {}, &report);
  if (rules.has_ema()) AddScores("ema", {}, &report);
  if (rules.has_ensemble()) AddScores("ensemble", {}, &report);
  std::vector<std::string> names;
  for (const auto& [name, value] : report.further) names.push_back(name);
  return names;
}

absl::StatusOr<std::unique_ptr<Averaging>> Averaging::Create(const v1::Averaging& rules,
                                                             const contract::TrainingLength& length,
                                                             const contract::Schedule& schedule, size_t params,
                                                             size_t buffers) {
  auto averaging = std::unique_ptr<Averaging>(new Averaging());
  if (rules.has_swa()) {
    const absl::StatusOr<contract::WeightTimes> times = contract::WeightTimes::Of(rules.swa(), length, schedule);
    if (!times.ok()) return contract::Under("swa.", times.status());
    averaging->swa_times_ = *times;
    averaging->swa_.emplace(params);
    averaging->swa_params_ = AlignedBuffer<float>(params);
  }
  if (rules.has_ema()) {
    averaging->ema_.emplace(rules.ema(), params);
    averaging->ema_params_ = AlignedBuffer<float>(params);
  }
  if (rules.has_ensemble()) {
    const absl::StatusOr<contract::WeightTimes> times = contract::WeightTimes::Of(rules.ensemble(), length, schedule);
    if (!times.ok()) return contract::Under("ensemble.", times.status());
    averaging->ensemble_times_ = *times;
    averaging->ensemble_.emplace(times->Count(rules.ensemble().members()), params, buffers);
  }
  return averaging;
}

void Averaging::Observe(uint64_t updates, std::span<const float> params, std::span<const float> buffers) {
  if (swa_ && swa_times_->Has(updates)) swa_->Add(params);
  if (ema_) ema_->Add(params);
  if (ensemble_ && ensemble_times_->Has(updates)) ensemble_->Take({params, buffers});
}

std::vector<Averaging::Average> Averaging::Averages() {
  std::vector<Average> averages;
  if (swa_ && swa_->count() > 0) {
    swa_->WriteTo(swa_params_.span());
    averages.push_back({"swa", swa_params_.span(), std::nullopt});
  }
  if (ema_ && ema_->count() > 0) {
    ema_->WriteTo(ema_params_.span());
    averages.push_back({"ema", ema_params_.span(), std::nullopt});
  }
  if (ensemble_) {
    size_t rank = 0;
    for (const SnapshotEnsemble::Member& member : ensemble_->Members()) {
      averages.push_back({absl::StrCat("ensemble.", rank++), member.params, member.buffers});
    }
  }
  return averages;
}

void Averaging::AddTo(EpochReport& report, const TrainingData& data, const Measures& measures) {
  const PartScores last = {report.validation_loss, report.validation_accuracy, report.test_loss, report.test_accuracy};
  if (swa_) {
    if (swa_->count() > 0 && swa_scored_ != swa_->count()) {
      swa_->WriteTo(swa_params_.span());
      swa_scores_ = measures.score(swa_params_.span());
      swa_scored_ = swa_->count();
    }
    AddScores("swa", swa_->count() > 0 ? swa_scores_ : last, &report);
  }
  if (ema_) {
    if (ema_->count() > 0) ema_->WriteTo(ema_params_.span());
    AddScores("ema", ema_->count() > 0 ? measures.score(ema_params_.span()) : last, &report);
  }
  if (ensemble_) {
    AddScores("ensemble", ensemble_->empty() ? last : ensemble_->Score(data, measures.predict), &report);
  }
}

void Averaging::VisitState(StateVisitor& visitor) {
  swa_scored_ = 0;  // Measured again after the state was set.
  if (swa_) {
    const StateVisitor::Scope scope(visitor, "swa");
    swa_->VisitState(visitor);
  }
  if (ema_) {
    const StateVisitor::Scope scope(visitor, "ema");
    ema_->VisitState(visitor);
  }
  if (ensemble_) {
    const StateVisitor::Scope scope(visitor, "ensemble");
    ensemble_->VisitState(visitor);
  }
}

}  // namespace basin::worker::train
