#include "proto/contract/metric_names.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/defaults.h"
#include "proto/contract/surface_shape.h"

namespace basin::contract {
namespace {

// Of a message that asks for eigenvalues from both ends and perhaps for the trace.
template <typename Settings>
void AddHessianNames(const Settings& settings, std::vector<std::string>* names) {
  const auto add_end = [names](const char* end, uint32_t count) {
    for (uint32_t i = 1; i <= count; ++i) {
      names->push_back(absl::StrCat("hessian_", end, "_", i));
      names->push_back(names->back() + "_residual");
    }
  };
  add_end("top", settings.top());
  add_end("lowest", settings.lowest());
  if (settings.trace_probes() > 0) names->insert(names->end(), {"hessian_trace", "hessian_trace_stderr"});
}

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
  if (train.observe().has_curvature()) {
    v1::ObserveCurvature curvature = train.observe().curvature();
    FillDefaults(&curvature);
    AddHessianNames(curvature, &names);
  }
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

std::vector<std::string> CurvatureMetricNames(v1::Curvature curvature) {
  FillDefaults(&curvature);
  std::vector<std::string> names = {"train_loss", "grad_norm"};
  AddHessianNames(curvature, &names);
  names.insert(names.end(), {"negative_eigenvalues", "negative_eigenvalues_settled", "converged", "is_minimum",
                             "is_saddle", "is_plateau", "is_not_stationary", "is_undecided"});
  return names;
}

std::vector<std::string> AnalyzeMetricNames(const v1::AnalyzeWorkload& analyze) {
  switch (analyze.kind_case()) {
    case v1::AnalyzeWorkload::kLossPlane:
    case v1::AnalyzeWorkload::kInterpolation:
      return {"train_loss", "train_accuracy", "test_loss", "test_accuracy"};
    case v1::AnalyzeWorkload::kCurvature:
      return CurvatureMetricNames(analyze.curvature());
    case v1::AnalyzeWorkload::kSharpness:
      return {"train_loss",    "test_loss",         "generalisation_gap",      "epsilon_sharpness",
              "sam_sharpness", "average_sharpness", "average_sharpness_stderr"};
    case v1::AnalyzeWorkload::kGradientNoise:
      return {"gradient_noise_scale", "gradient_noise_trace", "gradient_squared_norm"};
    case v1::AnalyzeWorkload::kSpectralDensity:
      return {"train_loss",      "eigenvalue_mean", "eigenvalue_std", "eigenvalue_min", "eigenvalue_max",
              "smoothing_width", "negative_share",  "eigenvalue",     "density"};
    case v1::AnalyzeWorkload::kTrajectory:
      return {"trajectory_x", "trajectory_y",         "train_loss",
              "test_loss",    "explained_variance_1", "explained_variance_2"};
    case v1::AnalyzeWorkload::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace

std::vector<std::string> MetricNames(const v1::Workload& workload) {
  switch (workload.kind_case()) {
    case v1::Workload::kTrain:
      return TrainMetricNames(workload.train());
    case v1::Workload::kSurface:
      return SurfaceMetricNames(workload.surface());
    case v1::Workload::kAnalyze:
      return AnalyzeMetricNames(workload.analyze());
    case v1::Workload::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace basin::contract
