#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/analysis/lanczos.h"
#include "worker/analysis/symmetric_operator.h"

namespace basin::worker::job {

// What is asked of a Hessian by v1::Curvature and v1::ObserveCurvature alike.
struct HessianSettings {
  int top, lowest, iterations;
  double tolerance;
  int trace_probes;
  std::optional<double> bound = std::nullopt;  // As LanczosOptions.

  template <typename Message>
  static HessianSettings Of(const Message& message) {
    return {static_cast<int>(message.top()), static_cast<int>(message.lowest()), static_cast<int>(message.iterations()),
            message.tolerance(), static_cast<int>(message.trace_probes())};
  }
};

struct HessianMetrics {
  analysis::Spectrum spectrum;
  // The eigenvalues at both ends, their residuals, and the trace if there are probes; names and order as
  // contract::MetricNames.
  std::vector<std::pair<std::string, double>> values;
};

// `seed`: of the random vectors.
HessianMetrics MeasureHessian(analysis::SymmetricOperator& hessian, const HessianSettings& settings, uint64_t seed);

}  // namespace basin::worker::job
