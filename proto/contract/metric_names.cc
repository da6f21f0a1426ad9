#include "proto/contract/metric_names.h"

namespace basin::contract {

std::vector<std::string> MetricNames(const v1::Workload& workload) {
  switch (workload.kind_case()) {
    case v1::Workload::kTrain:
      return {"train_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "learning_rate", "grad_norm"};
    case v1::Workload::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace basin::contract
