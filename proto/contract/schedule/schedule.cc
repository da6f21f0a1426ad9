#include "proto/contract/schedule/schedule.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/constant_schedule.h"
#include "proto/contract/schedule/cosine_schedule.h"
#include "proto/contract/schedule/create.h"
#include "proto/contract/schedule/cyclic_schedule.h"
#include "proto/contract/schedule/exponential_schedule.h"
#include "proto/contract/schedule/inverse_sqrt_schedule.h"
#include "proto/contract/schedule/multistep_schedule.h"
#include "proto/contract/schedule/one_cycle_schedule.h"
#include "proto/contract/schedule/plateau_schedule.h"
#include "proto/contract/schedule/polynomial_schedule.h"
#include "proto/contract/schedule/sequence_schedule.h"
#include "proto/contract/schedule/sgdr_schedule.h"
#include "proto/contract/schedule/step_schedule.h"
#include "proto/contract/schedule/swa_schedule.h"
#include "proto/contract/schedule/swa_start.h"
#include "proto/contract/schedule/warmup_schedule.h"
#include "proto/contract/violation.h"

namespace basin::contract {

absl::StatusOr<std::unique_ptr<Schedule>> Schedule::Of(const v1::TrainWorkload& workload,
                                                       const TrainingLength& length) {
  std::optional<uint64_t> swa_start;
  if (workload.averaging().has_swa()) {
    const absl::StatusOr<uint64_t> start = SwaStart(workload.averaging().swa(), length);
    if (!start.ok()) return Under("train.averaging.swa.", start.status());
    swa_start = *start;
  }
  absl::StatusOr<std::unique_ptr<Schedule>> schedule = Create(workload.schedule(), length, swa_start);
  if (!schedule.ok()) return Under("train.schedule.", schedule.status());
  return schedule;
}

absl::StatusOr<std::unique_ptr<Schedule>> Schedule::Create(const v1::Schedule& spec, const TrainingLength& length,
                                                           std::optional<uint64_t> swa_start) {
  if (length.total_steps == 0 || length.steps_per_epoch == 0) {
    return absl::InvalidArgumentError("a schedule needs a training of at least one step");
  }
  if (!spec.has_swa()) return CreateSchedule(spec, length, "");
  if (!swa_start) return ScheduleFault("swa", "needs averaging.swa, whose start it follows");
  return SwaSchedule::Create(spec.swa(), length, *swa_start);
}

absl::StatusOr<std::unique_ptr<Schedule>> CreateSchedule(const v1::Schedule& spec, const TrainingLength& length,
                                                         const std::string& path) {
  switch (spec.kind_case()) {
    case v1::Schedule::kConstant:
      return std::make_unique<ConstantSchedule>();
    case v1::Schedule::kStep:
      return StepSchedule::Create(spec.step(), length, absl::StrCat(path, "step."));
    case v1::Schedule::kExponential:
      return std::make_unique<ExponentialSchedule>(spec.exponential(), length);
    case v1::Schedule::kCosine:
      return std::make_unique<CosineSchedule>(spec.cosine(), length);
    case v1::Schedule::kSgdr:
      return SgdrSchedule::Create(spec.sgdr(), length, absl::StrCat(path, "sgdr."));
    case v1::Schedule::kWarmup:
      return WarmupSchedule::Create(spec.warmup(), length, absl::StrCat(path, "warmup."));
    case v1::Schedule::kMultistep:
      return MultistepSchedule::Create(spec.multistep(), length, absl::StrCat(path, "multistep."));
    case v1::Schedule::kPolynomial:
      return std::make_unique<PolynomialSchedule>(spec.polynomial(), length);
    case v1::Schedule::kLinear:
      return std::make_unique<PolynomialSchedule>(spec.linear(), length);
    case v1::Schedule::kCyclic:
      return CyclicSchedule::Create(spec.cyclic(), length, absl::StrCat(path, "cyclic."));
    case v1::Schedule::kOneCycle:
      return std::make_unique<OneCycleSchedule>(spec.one_cycle(), length);
    case v1::Schedule::kInverseSqrt:
      return InverseSqrtSchedule::Create(spec.inverse_sqrt(), length, absl::StrCat(path, "inverse_sqrt."));
    case v1::Schedule::kSequence:
      return SequenceSchedule::Create(spec.sequence(), length, absl::StrCat(path, "sequence."));
    case v1::Schedule::kPlateau:
      if (spec.plateau().has_stop_below() && spec.plateau().stop_below() <= spec.plateau().min_factor()) {
        return ScheduleFault(path + "plateau.stop_below",
                             "must be above min_factor, below which the factor never falls");
      }
      return std::make_unique<PlateauSchedule>(spec.plateau());
    case v1::Schedule::kSwa:
      return ScheduleFault(path + "swa", "must be the outermost schedule; put the others into its `until`");
    case v1::Schedule::KIND_NOT_SET:
      break;
  }
  // A schedule that a newer client knows arrives here as one without a kind.
  return ScheduleFault(absl::StrCat(path, "kind"), "must be a schedule that this release knows");
}

absl::Status ScheduleFault(const std::string& path, const std::string& description) {
  return InvalidArgument({{path, description}});
}

absl::StatusOr<uint64_t> StepsWithin(const GivenLength& given, const TrainingLength& length) {
  if (given.in_steps) {
    if (given.steps >= 1 && given.steps <= length.total_steps) return given.steps;
    return ScheduleFault(given.prefix + "steps", absl::StrCat("is longer than the training: ", given.steps, " of ",
                                                              length.total_steps, " steps"));
  }
  const uint64_t steps = EpochsToSteps(given.epochs, length.steps_per_epoch);
  if (steps <= length.total_steps) return steps;
  const double epochs = static_cast<double>(length.total_steps) / static_cast<double>(length.steps_per_epoch);
  return ScheduleFault(given.prefix + "epochs",
                       absl::StrCat("is longer than the training: ", given.epochs, " of ", epochs, " epochs"));
}

double SnappedToWhole(double value) {
  // Of each factor half a unit in the last place, as of the result; and one to spare.
  constexpr double kRounding = 2 * std::numeric_limits<double>::epsilon();
  const double whole = std::floor(value + 0.5);
  return std::abs(value - whole) <= kRounding * std::abs(value) ? whole : value;
}

double EpochsInSteps(double epochs, uint64_t steps_per_epoch) {
  return SnappedToWhole(epochs * static_cast<double>(steps_per_epoch));
}

uint64_t EpochsToSteps(double epochs, uint64_t steps_per_epoch) {
  // The longest length that a double still counts step by step; all longer ones are longer than any training.
  constexpr double kLongest = 0x1p53;
  const double steps = std::floor(EpochsInSteps(epochs, steps_per_epoch) + 0.5);
  if (!(steps >= 1)) return 1;
  return static_cast<uint64_t>(steps < kLongest ? steps : kLongest);
}

}  // namespace basin::contract
