#include "proto/contract/metric_names.h"

#include "proto/contract/surface_dimensions.h"

namespace basin::contract {
namespace {

std::vector<std::string> TrainMetricNames(const v1::TrainWorkload& train) {
  std::vector<std::string> names = {"train_loss",    "val_loss",      "val_accuracy", "test_loss",
                                    "test_accuracy", "learning_rate", "grad_norm"};
  const auto add_average = [&names](const std::string& average) {
    for (const char* metric : {"_val_loss", "_val_accuracy", "_test_loss", "_test_accuracy"}) {
      names.push_back(average + metric);
    }
  };
  if (train.averaging().has_swa()) add_average("swa");
  if (train.averaging().has_ema()) add_average("ema");
  if (train.averaging().has_ensemble()) add_average("ensemble");
  if (train.stopping().has_target()) names.insert(names.end(), {"examples_to_target", "seconds_to_target"});
  return names;
}

std::vector<std::string> SurfaceMetricNames(const v1::SurfaceWorkload& surface) {
  std::vector<std::string> names = {"loss", "grad_norm", "learning_rate", "x1"};
  if (SurfaceDimensions(surface.function()) > 1) names.push_back("x2");
  for (const char* ending : {"global_minimum", "local_minimum", "saddle", "nowhere"}) {
    names.push_back(std::string("ended_") + ending);
  }
  return names;
}

}  // namespace

std::vector<std::string> MetricNames(const v1::Workload& workload) {
  switch (workload.kind_case()) {
    case v1::Workload::kTrain:
      return TrainMetricNames(workload.train());
    case v1::Workload::kSurface:
      return SurfaceMetricNames(workload.surface());
    case v1::Workload::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace basin::contract
