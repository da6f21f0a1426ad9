#include "worker/train/stopping.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/metric_direction.h"

namespace basin::worker::train {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

Stopping::Stopping(const v1::Stopping& rules, const std::vector<std::string>& averaged, size_t params, size_t buffers)
    : rules_(rules),
      best_params_(keeps_best() ? params : 0),
      best_buffers_(keeps_best() ? buffers : 0),
      examples_to_target_(kInfinity),
      seconds_to_target_(kInfinity) {
  for (const std::string& name : averaged) best_.further.emplace_back(name, 0);
}

double Stopping::Seconds() const { return seconds_before_ + (seconds_ ? seconds_() : 0); }

bool Stopping::TimeIsUp() const { return rules_.has_seconds() && seconds_ && Seconds() >= rules_.seconds(); }

bool Stopping::IsDivergence(const EpochReport& report) const {
  const double bound = rules_.has_diverge_above() ? rules_.diverge_above() : std::numeric_limits<double>::max();
  for (const double loss : {report.train_loss, report.validation_loss, report.test_loss}) {
    if (!(loss <= bound)) return true;
  }
  return false;
}

void Stopping::AddTo(EpochReport& report) {
  if (!rules_.has_target()) return;
  const double value = report.Metric(rules_.target().metric());
  const bool reached = contract::HigherIsBetter(rules_.target().metric()) ? value >= rules_.target().value()
                                                                          : value <= rules_.target().value();
  if (reached && examples_to_target_ == kInfinity) {
    examples_to_target_ = static_cast<double>(report.examples);
    seconds_to_target_ = Seconds();
  }
  report.further.emplace_back("examples_to_target", examples_to_target_);
  report.further.emplace_back("seconds_to_target", seconds_to_target_);
}

std::optional<std::string> Stopping::ObserveBest(const EpochReport& report, std::span<const float> params,
                                                 std::span<const float> buffers) {
  const v1::EarlyStopping& rule = rules_.early_stopping();
  const double value = report.Metric(rule.metric());
  const double gain = contract::HigherIsBetter(rule.metric()) ? value - best_value_ : best_value_ - value;
  if (!has_best_ || gain > rule.min_delta()) {
    has_best_ = true;
    best_value_ = value;
    const size_t averaged = best_.further.size();
    best_ = report;
    best_.further.resize(averaged);
    evaluations_since_best_ = 0;
    if (keeps_best()) {
      std::copy(params.begin(), params.end(), best_params_.data());
      std::copy(buffers.begin(), buffers.end(), best_buffers_.data());
    }
    return std::nullopt;
  }
  if (++evaluations_since_best_ < rule.patience()) return std::nullopt;
  return absl::StrCat("early stopping: ", rule.metric(), " was best after step ", best_.step, ", ",
                      evaluations_since_best_, " evaluations before");
}

std::optional<std::string> Stopping::Observe(const EpochReport& report, std::span<const float> params,
                                             std::span<const float> buffers) {
  std::optional<std::string> reason;
  if (rules_.has_early_stopping()) reason = ObserveBest(report, params, buffers);
  if (examples_to_target_ != kInfinity) reason = absl::StrCat("target: ", rules_.target().metric(), " was reached");
  return reason;
}

void Stopping::VisitState(StateVisitor& visitor) {
  if (rules_.has_target() || rules_.has_seconds()) {
    // What one process has trained is what the next one has before it.
    double seconds = Seconds();
    visitor.Double("seconds", seconds);
    seconds_before_ = seconds - (seconds_ ? seconds_() : 0);
  }
  if (rules_.has_target()) {
    visitor.Double("examples_to_target", examples_to_target_);
    visitor.Double("seconds_to_target", seconds_to_target_);
  }
  if (!rules_.has_early_stopping()) return;
  visitor.Flag("has_best", has_best_);
  visitor.Double("best_value", best_value_);
  visitor.Count("evaluations_since_best", evaluations_since_best_);
  const StateVisitor::Scope scope(visitor, "best");
  best_.VisitState(visitor);
  if (!keeps_best()) return;
  visitor.Floats("params", best_params_.span());
  if (best_buffers_.size() > 0) visitor.Floats("buffers", best_buffers_.span());
}

}  // namespace basin::worker::train
