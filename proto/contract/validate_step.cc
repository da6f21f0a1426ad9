#include "proto/contract/validate_step.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/field_text.h"
#include "proto/contract/schedule/training_length.h"

namespace basin::contract {

void CheckOptimizer(const v1::Optimizer& optimizer, const std::string& path, std::vector<Violation>* violations) {
  if (optimizer.has_sgd() && optimizer.sgd().nesterov()) {
    const v1::Sgd& sgd = optimizer.sgd();
    const std::string nesterov = path + ".sgd.nesterov";
    if (!(sgd.momentum() > 0)) violations->push_back({nesterov, "needs a momentum above 0"});
    if (sgd.dampening() != 0) {
      violations->push_back({nesterov, absl::StrCat("needs dampening 0, is with ", FormatNumber(sgd.dampening()))});
    }
  }
  if (!optimizer.has_sam()) return;
  const std::string base = path + ".sam.base";
  if (optimizer.sam().base().has_sam()) {
    violations->push_back({base + ".sam", "cannot be the base of another sam; choose any other optimizer"});
    return;
  }
  CheckOptimizer(optimizer.sam().base(), base, violations);
}

void CheckAccumulation(const v1::TrainWorkload& train, std::vector<Violation>* violations) {
  // Of `full` the micro-batches are rounded, and its size is not known here.
  if (train.batch_size() == kFullBatch || train.accumulate() == 0) return;
  if (train.accumulate() > train.batch_size()) {
    violations->push_back({"train.accumulate", absl::StrCat("must not be above the batch size, ", train.batch_size(),
                                                            ", is ", train.accumulate())});
  } else if (train.batch_size() % train.accumulate() != 0) {
    violations->push_back({"train.accumulate", absl::StrCat("must divide the batch size, ", train.batch_size(), ", is ",
                                                            train.accumulate())});
  }
}

void CheckEnsemble(const v1::TrainWorkload& train, std::vector<Violation>* violations) {
  if (!train.averaging().has_ensemble() || !train.loss().has_squared_error()) return;
  violations->push_back(
      {"train.averaging.ensemble",
       "averages probabilities of classes, which need loss.cross_entropy; the loss is squared_error"});
}

}  // namespace basin::contract
