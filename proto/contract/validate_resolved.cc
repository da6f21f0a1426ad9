#include <string>
#include <utility>
#include <vector>

#include "proto/contract/schedule/schedule.h"
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

// Before the data are known, so is the number of steps in an epoch not; but a schedule that counts in the training's
// own unit alone either fits or not whatever that number is.
void CheckSchedule(const v1::TrainWorkload& train, std::vector<Violation>* violations) {
  constexpr uint64_t kFineEpoch = 1'000'000;  // Steps; so many that no rounding to whole steps shows.
  TrainingLength length{train.steps(), 1};
  if (train.has_epochs()) length = {train.epochs() * kFineEpoch, kFineEpoch};
  if (!train.has_schedule() || train.has_examples()) return;
  if (Uses(train.schedule(), train.has_epochs() ? "steps" : "epochs")) return;
  for (Violation& violation : ViolationsOf(Schedule::Create(train.schedule(), length).status())) {
    violations->push_back({"train.schedule." + violation.path, std::move(violation.description)});
  }
}

}  // namespace

absl::Status ValidateResolved(const v1::Workload& workload) {
  std::vector<Violation> violations = CheckRules(workload);
  if (violations.empty() && workload.has_train()) {
    const v1::TrainWorkload& train = workload.train();
    CheckOptimizer(train.optimizer(), "train.optimizer", &violations);
    CheckAccumulation(train, &violations);
    CheckSchedule(train, &violations);
  }
  return violations.empty() ? absl::OkStatus() : InvalidArgument(violations);
}

}  // namespace basin::contract
