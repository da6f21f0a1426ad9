#include "worker/train/averaging/averaging.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/swa_start.h"
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

absl::StatusOr<std::unique_ptr<Averaging>> Averaging::Create(const v1::Averaging& rules,
                                                             const contract::TrainingLength& length,
                                                             const contract::Schedule& schedule, size_t weights) {
  uint64_t start = 0, every = 0;
  if (rules.has_swa()) {
    const v1::SwaAveraging& swa = rules.swa();
    const absl::StatusOr<uint64_t> swa_start = contract::SwaStart(swa, length);
    if (!swa_start.ok()) return contract::Under("swa.", swa_start.status());
    start = *swa_start;
    if (swa.has_at_cycle_ends()) {
      if (!schedule.CycleEndAfter(start)) {
        return contract::InvalidArgument(
            {{"swa.at_cycle_ends", absl::StrCat("no cycle of the schedule ends between step ", start,
                                                ", where averaging starts, and the training's end")}});
      }
    } else {
      every = swa.has_every_steps()    ? swa.every_steps()
              : swa.has_every_epochs() ? contract::EpochsToSteps(swa.every_epochs(), length.steps_per_epoch)
                                       : length.steps_per_epoch;
      if (every > length.total_steps - start) {
        return contract::InvalidArgument(
            {{swa.has_every_steps() ? "swa.every_steps" : "swa.every_epochs",
              absl::StrCat("is longer than what follows the start: ", every, " of ", length.total_steps - start,
                           " steps; start earlier or take weights more often")}});
      }
    }
  }
  return std::unique_ptr<Averaging>(new Averaging(rules, schedule, start, every, weights));
}

Averaging::Averaging(const v1::Averaging& rules, const contract::Schedule& schedule, uint64_t swa_start,
                     uint64_t swa_every, size_t weights)
    : schedule_(schedule), swa_start_(swa_start), swa_every_(swa_every) {
  if (rules.has_swa()) {
    swa_.emplace(weights);
    swa_weights_ = AlignedBuffer<float>(weights);
  }
  if (rules.has_ema()) {
    ema_.emplace(rules.ema(), weights);
    ema_weights_ = AlignedBuffer<float>(weights);
  }
}

bool Averaging::TakesAt(uint64_t updates) const {
  if (updates <= swa_start_) return false;
  if (swa_every_ > 0) return (updates - swa_start_) % swa_every_ == 0;
  return schedule_.CycleEndAfter(updates - 1) == updates;
}

void Averaging::Observe(uint64_t updates, std::span<const float> weights) {
  if (swa_ && TakesAt(updates)) swa_->Add(weights);
  if (ema_) ema_->Add(weights);
}

std::vector<Averaging::Average> Averaging::Averages() {
  std::vector<Average> averages;
  if (swa_ && swa_->count() > 0) {
    swa_->WriteTo(swa_weights_.span());
    averages.push_back({"swa", swa_weights_.span()});
  }
  if (ema_ && ema_->count() > 0) {
    ema_->WriteTo(ema_weights_.span());
    averages.push_back({"ema", ema_weights_.span()});
  }
  return averages;
}

void Averaging::AddTo(EpochReport& report, const std::function<PartScores(std::span<const float>)>& score) {
  const PartScores last = {report.validation_loss, report.validation_accuracy, report.test_loss, report.test_accuracy};
  if (swa_) {
    if (swa_->count() > 0 && swa_scored_ != swa_->count()) {
      swa_->WriteTo(swa_weights_.span());
      swa_scores_ = score(swa_weights_.span());
      swa_scored_ = swa_->count();
    }
    AddScores("swa", swa_->count() > 0 ? swa_scores_ : last, &report);
  }
  if (ema_) {
    if (ema_->count() > 0) ema_->WriteTo(ema_weights_.span());
    AddScores("ema", ema_->count() > 0 ? score(ema_weights_.span()) : last, &report);
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
}

}  // namespace basin::worker::train
