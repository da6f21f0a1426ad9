#include "worker/train/rate_factor.h"

#include <optional>

namespace basin::worker::train {

double RateFactor::At(uint64_t step) const {
  const double factor = schedule_->Factor(step);
  const std::optional<contract::PlateauInForce> rule = schedule_->PlateauAt(step);
  const bool has_begun = rule && plateau_ != nullptr && plateau_start_ == rule->first_step;
  return has_begun ? factor * plateau_->factor() : factor;
}

void RateFactor::Enter(const contract::PlateauInForce& rule) {
  if (plateau_ != nullptr && plateau_start_ == rule.first_step) return;
  plateau_ = std::make_unique<Plateau>(*rule.rule);
  plateau_start_ = rule.first_step;
}

bool RateFactor::Observe(const EpochReport& report) {
  if (report.step == 0) return false;
  const std::optional<contract::PlateauInForce> rule = schedule_->PlateauAt(report.step - 1);
  if (!rule) return false;
  Enter(*rule);
  return plateau_->Observe(report.Metric(rule->rule->metric()));
}

void RateFactor::VisitState(StateVisitor& visitor) {
  bool has_plateau = plateau_ != nullptr;
  visitor.Flag("has_plateau", has_plateau);
  if (!has_plateau) return plateau_.reset();
  visitor.Count("plateau_start", plateau_start_);
  // Setting the state of a fresh trainer: the rule is the one in force where it began.
  if (plateau_ == nullptr) {
    if (const auto rule = schedule_->PlateauAt(plateau_start_)) plateau_ = std::make_unique<Plateau>(*rule->rule);
  }
  const StateVisitor::Scope scope(visitor, "plateau");
  if (plateau_ != nullptr) plateau_->VisitState(visitor);
}

}  // namespace basin::worker::train
