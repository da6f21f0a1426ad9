#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "basin/v1/workload.pb.h"

namespace basin::contract {

// The metrics that every trial of the workload reports, in the order in which users read them: train_loss, val_loss,
// ...; then those of its averages (`swa_val_loss`, `ensemble_val_loss`, ...), of its target (`examples_to_target`, ...)
// and of what it observes (`hessian_top_1`, ...). Of a descent on a surface: loss, grad_norm (without noise),
// learning_rate, the first two coordinates; and at its end, 1 or 0 each, where it ended (`ended_saddle`, ...): exactly
// one of them is 1. Of an analysis, those of its kind; see basin/v1/analyze.proto.
std::vector<std::string> MetricNames(const v1::Workload& workload);

// Whether a metric is a time, which differs from run to run and is never compared bit by bit.
inline bool IsTime(std::string_view metric) { return metric.starts_with("seconds_"); }

}  // namespace basin::contract
