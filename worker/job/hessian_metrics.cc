#include "worker/job/hessian_metrics.h"

#include "absl/strings/str_cat.h"
#include "worker/analysis/trace.h"

namespace basin::worker::job {
namespace {

void AddEnd(const char* end, const std::vector<analysis::Eigenvalue>& eigenvalues, HessianMetrics* metrics) {
  for (size_t i = 0; i < eigenvalues.size(); ++i) {
    const std::string name = absl::StrCat("hessian_", end, "_", i + 1);
    metrics->values.emplace_back(name, eigenvalues[i].value);
    metrics->values.emplace_back(name + "_residual", eigenvalues[i].residual);
  }
}

}  // namespace

HessianMetrics MeasureHessian(analysis::SymmetricOperator& hessian, const HessianSettings& settings, uint64_t seed) {
  HessianMetrics metrics;
  metrics.spectrum = analysis::ExtremeEigenvalues(hessian, {.highest = settings.top,
                                                            .lowest = settings.lowest,
                                                            .max_steps = settings.iterations,
                                                            .tolerance = settings.tolerance,
                                                            .seed = seed,
                                                            .bound = settings.bound});
  AddEnd("top", metrics.spectrum.highest, &metrics);
  AddEnd("lowest", metrics.spectrum.lowest, &metrics);
  if (settings.trace_probes > 0) {
    const analysis::Estimate trace = analysis::HutchinsonTrace(hessian, settings.trace_probes, seed);
    metrics.values.emplace_back("hessian_trace", trace.mean);
    metrics.values.emplace_back("hessian_trace_stderr", trace.standard_error);
  }
  return metrics;
}

}  // namespace basin::worker::job
