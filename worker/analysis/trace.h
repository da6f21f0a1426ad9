#pragma once

#include <cstdint>

#include "worker/analysis/symmetric_operator.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {

// The trace: the mean of z . A z over random vectors z of -1 and 1 (Hutchinson 1990), unbiased, with its standard
// error. One product a probe. REQUIRES: two probes or more.
Estimate HutchinsonTrace(SymmetricOperator& matrix, int probes, uint64_t seed);

}  // namespace basin::worker::analysis
