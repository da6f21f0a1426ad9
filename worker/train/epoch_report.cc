#include "worker/train/epoch_report.h"

#include <cstdlib>

namespace basin::worker::train {

std::vector<std::pair<std::string_view, double>> EpochReport::Metrics() const {
  std::vector<std::pair<std::string_view, double>> metrics = {
      {"train_loss", train_loss},   {"val_loss", validation_loss},    {"val_accuracy", validation_accuracy},
      {"test_loss", test_loss},     {"test_accuracy", test_accuracy}, {"learning_rate", learning_rate},
      {"grad_norm", gradient_norm},
  };
  metrics.insert(metrics.end(), further.begin(), further.end());
  return metrics;
}

double EpochReport::Metric(std::string_view name) const {
  for (const auto& [known, value] : Metrics()) {
    if (known == name) return value;
  }
  std::abort();
}

void EpochReport::VisitState(StateVisitor& visitor) {
  visitor.Count("step", step);
  visitor.Double("epoch", epoch);
  visitor.Count("examples", examples);
  visitor.Double("train_loss", train_loss);
  visitor.Double("val_loss", validation_loss);
  visitor.Double("val_accuracy", validation_accuracy);
  visitor.Double("test_loss", test_loss);
  visitor.Double("test_accuracy", test_accuracy);
  visitor.Double("learning_rate", learning_rate);
  visitor.Double("grad_norm", gradient_norm);
  for (auto& [name, value] : further) visitor.Double(name, value);
}

}  // namespace basin::worker::train
