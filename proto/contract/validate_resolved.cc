#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/field_text.h"
#include "proto/contract/validate.h"

namespace basin::contract {
namespace {

// What is known of a training's length before its data are: one of the two, the other is 0.
struct KnownLength {
  double epochs = 0;
  double steps = 0;
};

void CheckOptimizer(const v1::Sgd& sgd, std::vector<Violation>* violations) {
  if (!sgd.nesterov()) return;
  const std::string path = "train.optimizer.sgd.nesterov";
  if (!(sgd.momentum() > 0)) violations->push_back({path, "needs a momentum above 0"});
  if (sgd.dampening() != 0) {
    violations->push_back({path, absl::StrCat("needs dampening 0, is with ", FormatNumber(sgd.dampening()))});
  }
}

// `length` in one unit against the length of training in the same unit, where that is known.
bool FitsIn(double length, double known, const char* unit, const std::string& path,
            std::vector<Violation>* violations) {
  if (known == 0 || length <= known) return true;
  violations->push_back({path, absl::StrCat("is longer than the training: ", FormatNumber(length), " of ",
                                            FormatNumber(known), " ", unit)});
  return false;
}

void CheckSchedule(const v1::Schedule& schedule, KnownLength length, const std::string& path,
                   std::vector<Violation>* violations) {
  if (schedule.has_sgdr()) {
    const v1::SgdrSchedule& sgdr = schedule.sgdr();
    const std::string here = path + ".sgdr.first_period_";
    FitsIn(sgdr.first_period_epochs(), length.epochs, "epochs", here + "epochs", violations);
    FitsIn(static_cast<double>(sgdr.first_period_steps()), length.steps, "steps", here + "steps", violations);
  }
  if (!schedule.has_warmup()) return;
  const v1::WarmupSchedule& warmup = schedule.warmup();
  const double steps = static_cast<double>(warmup.steps());
  const std::string here = path + ".warmup";
  if (!FitsIn(warmup.epochs(), length.epochs, "epochs", here + ".epochs", violations) ||
      !FitsIn(steps, length.steps, "steps", here + ".steps", violations)) {
    return;
  }
  // In the other unit than the training's, what remains is not known.
  KnownLength rest;
  if (warmup.epochs() > 0 && length.epochs > 0) rest.epochs = length.epochs - warmup.epochs();
  if (steps > 0 && length.steps > 0) rest.steps = length.steps - steps;
  CheckSchedule(warmup.then(), rest, here + ".then", violations);
}

}  // namespace

absl::Status ValidateResolved(const v1::Workload& workload) {
  std::vector<Violation> violations = CheckRules(workload);
  if (violations.empty() && workload.has_train()) {
    const v1::TrainWorkload& train = workload.train();
    if (train.optimizer().has_sgd()) CheckOptimizer(train.optimizer().sgd(), &violations);
    CheckSchedule(train.schedule(), {static_cast<double>(train.epochs()), static_cast<double>(train.steps())},
                  "train.schedule", &violations);
  }
  return violations.empty() ? absl::OkStatus() : InvalidArgument(violations);
}

}  // namespace basin::contract
