#include "worker/analysis/trace.h"

#include <vector>

namespace basin::worker::analysis {

Estimate HutchinsonTrace(SymmetricOperator& matrix, int probes, uint64_t seed) {
  std::vector<double> draws;
  std::vector<float> product(matrix.size());
  for (int k = 0; k < probes; ++k) {
    const std::vector<float> signs =
        SignVector(matrix.size(), seed, RandomVector::kTraceProbe, static_cast<uint32_t>(k));
    matrix.Multiply(signs, product);
    draws.push_back(Dot(signs, product));
  }
  return EstimateOf(draws);
}

}  // namespace basin::worker::analysis
