#include "worker/job/curvature_observer.h"

#include <cmath>

#include "worker/analysis/loss_function.h"
#include "worker/job/hessian_metrics.h"
#include "worker/train/loss.h"
#include "worker/train/network.h"

namespace basin::worker::job {

using Values = std::vector<std::pair<std::string, double>>;

Values CurvatureObserver::AfterEpoch(const train::Trainer& trainer, const train::EpochReport& report) const {
  return IsDue(trainer, report) ? Measure(trainer, report) : Values();
}

Values CurvatureObserver::AtEnd(const train::Trainer& trainer, const train::EpochReport& last) const {
  return IsDue(trainer, last) ? Values() : Measure(trainer, last);
}

// A report of an earlier step is that of the weights which early stopping has kept, at the end.
bool CurvatureObserver::IsDue(const train::Trainer& trainer, const train::EpochReport& report) const {
  const uint64_t epoch = report.step / trainer.length().steps_per_epoch;
  const bool ends_epoch = report.step % trainer.length().steps_per_epoch == 0;
  return report.step == trainer.step() && ends_epoch && epoch % workload_.observe().curvature().every_epochs() == 0;
}

Values CurvatureObserver::Measure(const train::Trainer& trainer, const train::EpochReport& report) const {
  if (!std::isfinite(report.validation_loss) || !std::isfinite(report.test_loss)) return {};
  const v1::ObserveCurvature& settings = workload_.observe().curvature();
  const train::Network<float> network(trainer.shape(), train::Loss::FromProto(workload_.loss()));
  analysis::LossFunction loss(network, trainer.buffers(), examples_.view(), pool_);
  analysis::Hessian hessian(loss, trainer.params());
  return MeasureHessian(hessian, HessianSettings::Of(settings), seed_).values;
}

}  // namespace basin::worker::job
