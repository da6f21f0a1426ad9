#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/canonical.h"
#include "proto/contract/field_text.h"
#include "proto/contract/metric_names.h"
#include "proto/contract/schedule/schedule.h"
#include "proto/contract/schedule/training_length.h"
#include "proto/contract/schedule/weight_times.h"
#include "proto/contract/surface_shape.h"
#include "proto/contract/train_size.h"
#include "proto/contract/validate.h"
#include "proto/contract/validate_step.h"

namespace basin::contract {
namespace {

// Whether a field is set, at any depth, whose name is `unit` or ends so ("up_epochs").
bool Uses(const google::protobuf::Message& message, const std::string& unit) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->name() == unit || field->name().ends_with("_" + unit)) return true;
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (Uses(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                    : reflection.GetMessage(message, field),
               unit)) {
        return true;
      }
    }
  }
  return false;
}

void Append(const absl::Status& status, std::vector<Violation>* violations) {
  for (Violation& violation : ViolationsOf(status)) violations->push_back(std::move(violation));
}

// What runs over the training's steps has to fit into them.
void CheckOver(const TrainingLength& length, const v1::TrainWorkload& train, std::vector<Violation>* violations) {
  const absl::StatusOr<std::unique_ptr<Schedule>> schedule = Schedule::Of(train, length);
  Append(schedule.status(), violations);
  if (!schedule.ok() || !train.averaging().has_ensemble()) return;
  Append(Under("train.averaging.ensemble.", WeightTimes::Of(train.averaging().ensemble(), length, **schedule).status()),
         violations);
}

void CheckLength(const v1::TrainWorkload& train, std::vector<Violation>* violations) {
  if (const std::optional<uint64_t> size = TrainSize(train.dataset())) {
    const absl::StatusOr<TrainingLength> length = LengthOfTraining(train, *size);
    Append(length.status(), violations);
    if (length.ok()) CheckOver(*length, train, violations);
    return;
  }
  // Before the data are known, so is the number of steps in an epoch not; but a schedule that counts in the training's
  // own unit alone either fits or not whatever that number is.
  constexpr uint64_t kFineEpoch = 1'000'000;  // Steps; so many that no rounding to whole steps shows.
  TrainingLength length{train.steps(), 1};
  if (train.has_epochs()) length = {train.epochs() * kFineEpoch, kFineEpoch};
  if (!train.has_schedule() || train.has_examples()) return;
  const std::string other_unit = train.has_epochs() ? "steps" : "epochs";
  if (Uses(train.schedule(), other_unit) || Uses(train.averaging(), other_unit)) return;
  CheckOver(length, train, violations);
}

// Every field `metric` below `message` names one that each evaluation reports.
void CheckMetrics(const google::protobuf::Message& message, const std::string& path,
                  const std::vector<std::string>& known, std::vector<Violation>* violations) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    const std::string here = absl::StrCat(path, ".", field->name());
    if (field->name() == "metric" && field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      const std::string metric = reflection.GetString(message, field);
      if (std::find(known.begin(), known.end(), metric) == known.end()) {
        violations->push_back({here, absl::StrCat("must be a metric of every evaluation: ", absl::StrJoin(known, ", "),
                                                  "; is '", metric, "'", DidYouMean(metric, known))});
      }
    }
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      CheckMetrics(reflection.GetMessage(message, field), here, known, violations);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      CheckMetrics(reflection.GetRepeatedMessage(message, field, i), absl::StrCat(here, "[", i, "]"), known,
                   violations);
    }
  }
}

void CheckSurface(const v1::SurfaceWorkload& surface, std::vector<Violation>* violations) {
  CheckOptimizer(surface.optimizer(), "surface.optimizer", violations);
  if (Uses(surface.schedule(), "plateau")) {
    violations->push_back({"surface.schedule", "must not have a plateau: a surface has no evaluations"});
  } else {
    const uint64_t steps = std::max<uint64_t>(surface.steps(), 1);
    const absl::Status schedule = Schedule::Create(surface.schedule(), {steps, 1}).status();
    Append(Under("surface.schedule.", schedule), violations);
  }
  constexpr uint64_t kMostReports = 100'000;
  if (surface.steps() / surface.report_every() > kMostReports) {
    violations->push_back(
        {"surface.report_every",
         absl::StrCat("must be at least ", surface.steps() / kMostReports, " for ", surface.steps(),
                      " steps: a descent has at most ", kMostReports, " reports; is ", surface.report_every())});
  }
  const uint32_t dimensions = SurfaceDimensions(surface.function());
  const int coordinates = surface.start().point().coordinates_size();
  if (surface.start().has_point() && static_cast<uint32_t>(coordinates) != dimensions) {
    violations->push_back({"surface.start.point.coordinates",
                           absl::StrCat("must be ", dimensions, ", as the function's dimensions; are ", coordinates)});
  }
  const v1::UniformStart& cube = surface.start().uniform();
  if (cube.has_low() != cube.has_high()) {
    violations->push_back({"surface.start.uniform", "must have both of low and high, or none"});
  } else if (cube.has_low() && cube.low() > cube.high()) {
    violations->push_back(
        {"surface.start.uniform.high", absl::StrCat("must not be below low, ", cube.low(), "; is ", cube.high())});
  }
}

// Faults of a training inside an analysis, in the message at `prefix`.
void CheckAnalyzedTraining(const v1::TrainWorkload& train, const std::string& prefix,
                           std::vector<Violation>* violations) {
  v1::Workload training;
  *training.mutable_train() = train;
  for (Violation& violation : ViolationsOf(ValidateResolved(training))) {
    violations->push_back({prefix + violation.path, std::move(violation.description)});
  }
  if (train.stopping().has_seconds()) {
    violations->push_back(
        {prefix + "train.stopping.seconds", "must not be set: no two runs would find the same weights"});
  }
  if (train.has_observe()) {
    violations->push_back(
        {prefix + "train.observe", "must not be set: an analysis looks at the end of a training alone"});
  }
}

// Of a message at `path` that asks for eigenvalues from both ends and perhaps for the trace.
template <typename Settings>
void CheckHessian(const Settings& settings, const std::string& path, std::vector<Violation>* violations) {
  const uint32_t wanted = settings.top() + settings.lowest();
  if (settings.iterations() < wanted) {
    violations->push_back(
        {path + ".iterations",
         absl::StrCat("must be at least ", wanted, ", the eigenvalues that are wanted; is ", settings.iterations())});
  }
  if (settings.trace_probes() == 1) {
    violations->push_back({path + ".trace_probes", "must be 0, or at least 2 for a standard error; is 1"});
  }
}

void CheckDensity(const v1::SpectralDensity& density, std::vector<Violation>* violations) {
  // The range and three widths on either side, a place a width or closer.
  const auto places = static_cast<uint32_t>(std::ceil(1 / density.width() - 1e-9)) + 7;
  if (density.points() >= places) return;
  violations->push_back(
      {"analyze.spectral_density.points", absl::StrCat("must be at least ", places, ", or peaks of a width of ",
                                                       density.width(), " are missed; is ", density.points())});
}

void CheckAnalysis(const v1::AnalyzeWorkload& analyze, std::vector<Violation>* violations) {
  CheckAnalyzedTraining(analyze.train(), "analyze.", violations);
  if (analyze.has_curvature()) CheckHessian(analyze.curvature(), "analyze.curvature", violations);
  if (analyze.has_spectral_density()) CheckDensity(analyze.spectral_density(), violations);
  const v1::LossPlane& plane = analyze.loss_plane();
  if (plane.has_every_epochs() && plane.directions() != v1::LossPlane::DIRECTIONS_PRINCIPAL) {
    violations->push_back({"analyze.loss_plane.every_epochs",
                           "must not be set without `directions: principal`: random directions have no path"});
  }
  if (!analyze.interpolation().has_train()) return;
  const v1::TrainWorkload& other = analyze.interpolation().train();
  CheckAnalyzedTraining(other, "analyze.interpolation.", violations);
  v1::Workload one, two;
  *one.mutable_train()->mutable_dataset() = analyze.train().dataset();
  *two.mutable_train()->mutable_dataset() = other.dataset();
  if (CanonicalBytes(one) != CanonicalBytes(two)) {
    violations->push_back({"analyze.interpolation.train.dataset",
                           "must be that of analyze.train: both are measured over the same examples"});
  }
}

}  // namespace

absl::Status ValidateResolved(const v1::Workload& workload) {
  std::vector<Violation> violations = CheckRules(workload);
  if (violations.empty() && workload.has_train()) {
    const v1::TrainWorkload& train = workload.train();
    CheckOptimizer(train.optimizer(), "train.optimizer", &violations);
    CheckAccumulation(train, &violations);
    CheckEnsemble(train, &violations);
    CheckLength(train, &violations);
    if (train.observe().has_curvature()) {
      CheckHessian(train.observe().curvature(), "train.observe.curvature", &violations);
    }
    v1::Workload of_evaluations = workload;
    of_evaluations.mutable_train()->mutable_stopping()->clear_target();
    of_evaluations.mutable_train()->clear_observe();
    CheckMetrics(train, "train", MetricNames(of_evaluations), &violations);
  }
  if (violations.empty() && workload.has_surface()) CheckSurface(workload.surface(), &violations);
  if (violations.empty() && workload.has_analyze()) CheckAnalysis(workload.analyze(), &violations);
  return violations.empty() ? absl::OkStatus() : InvalidArgument(violations);
}

}  // namespace basin::contract
