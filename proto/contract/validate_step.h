#pragma once

#include <string>
#include <vector>

#include "basin/v1/workload.pb.h"
#include "proto/contract/violation.h"

// What one field of a training says against another, for ValidateResolved.

namespace basin::contract {

// Nesterov's momentum without momentum or with dampening; sam around sam. `path` is the optimizer's.
void CheckOptimizer(const v1::Optimizer& optimizer, const std::string& path, std::vector<Violation>* violations);

// A batch size that its micro-batches do not divide.
void CheckAccumulation(const v1::TrainWorkload& train, std::vector<Violation>* violations);

// An ensemble, which averages probabilities, with a loss that makes none.
void CheckEnsemble(const v1::TrainWorkload& train, std::vector<Violation>* violations);

}  // namespace basin::contract
