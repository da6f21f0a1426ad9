#pragma once

#include <string>
#include <vector>

#include "basin/v1/workload.pb.h"

namespace basin::contract {

// The metrics that every trial of the workload reports, in the order in which users read them: train_loss, val_loss,
// ...
std::vector<std::string> MetricNames(const v1::Workload& workload);

}  // namespace basin::contract
