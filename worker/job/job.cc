#include "worker/job/job.h"

#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/canonical.h"
#include "proto/contract/validate.h"
#include "worker/data/catalog.h"
#include "worker/data/prepared_data.h"
#include "worker/job/analyze_job.h"
#include "worker/job/curvature_observer.h"
#include "worker/job/surface_job.h"
#include "worker/job/training_data.h"
#include "worker/job/trial_clock.h"
#include "worker/job/weights_digest.h"
#include "worker/train/thread_pool.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {
namespace {

// Values by name, measured beside `report`.
template <typename Values>
void AddPoints(const Values& values, const train::EpochReport& report, std::vector<v1::MetricPoint>* points) {
  for (const auto& [name, value] : values) {
    v1::MetricPoint& point = points->emplace_back();
    point.set_name(std::string(name));
    point.set_value(value);
    point.set_step(report.step);
    point.set_epoch(report.epoch);
    point.set_examples(report.examples);
  }
}

// A training and what surrounds it: where it goes on from, and what it leaves on the way.
class TrainJob {
 public:
  TrainJob(const v1::Workload& workload, uint64_t seed, const JobContext& context)
      : workload_(workload), train_(workload.train()), seed_(seed), context_(context) {}

  JobResult Run() {
    absl::StatusOr<LoadedData> data = LoadTrainingData(train_.dataset(), *context_.catalog);
    if (!data.ok()) return Failure(OutcomeOfDataFault(data.status()), data.status());
    data_ = std::move(data->prepared);
    identity_ = {.workload_digest = contract::CanonicalDigest(workload_),
                 .seed = seed_,
                 .data_digest = std::move(data->digest),
                 .engine_fingerprint = EngineFingerprint()};
    if (const absl::Status failed = CheckMemory(train_, data_->view()); !failed.ok()) {
      return Failure(JobOutcome::kError, failed);
    }
    train::ThreadPool pool(std::max(context_.threads, 1));
    if (const absl::Status failed = CreateTrainer(&pool); !failed.ok()) return Failure(JobOutcome::kInvalid, failed);
    if (train_.observe().has_curvature()) observer_.emplace(train_, seed_, data_->view().train, &pool);
    const uint64_t first_step = trainer_->step();
    const train::Trainer::Outcome outcome = Train();
    if (outcome == train::Trainer::Outcome::kFinished) ObserveEnd();
    if (outcome == train::Trainer::Outcome::kFinished && context_.save_weights) SaveWeights();
    JobResult result = ResultOf(outcome);
    result.first_step = first_step;
    return result;
  }

 private:
  // The trainer at the newest checkpoint that can be used, or at the start.
  absl::Status CreateTrainer(train::ThreadPool* pool) {
    absl::Status fault;
    while (true) {
      absl::StatusOr<std::unique_ptr<train::Trainer>> trainer =
          train::Trainer::Create(train_, seed_, data_->view(), pool);
      if (!trainer.ok()) return trainer.status();
      trainer_ = *std::move(trainer);
      if (context_.last_step != 0) {
        trainer_->set_last_step(context_.last_step);
      } else {
        trainer_->set_clock(context_.seconds ? context_.seconds : SecondsFromNow());
      }
      if (!context_.load_checkpoint) return absl::OkStatus();
      const std::optional<std::string> bytes = context_.load_checkpoint(fault);
      if (!bytes) return absl::OkStatus();
      fault = ReadCheckpoint(*bytes, identity_, trainer_.get());
      if (fault.ok()) return absl::OkStatus();
      trainer_.reset();
    }
  }

  train::Trainer::Outcome Train() {
    JobControl unasked;
    JobControl& control = context_.control != nullptr ? *context_.control : unasked;
    uint64_t epochs = 0;
    while (true) {
      const train::Trainer::Outcome outcome = trainer_->Run(
          [&](const train::EpochReport& report) {
            evaluated_ = report;
            Report(report);
            if (context_.checkpoint_epochs != 0 && ++epochs % context_.checkpoint_epochs == 0) {
              control.RequestCheckpoint();
            }
          },
          control.interrupt());
      if (outcome != train::Trainer::Outcome::kStopped) return outcome;
      const bool wanted = control.TakeCheckpointRequest() || control.stopped();
      if (wanted && context_.save_checkpoint) context_.save_checkpoint(WriteCheckpoint(identity_, *trainer_));
      if (control.stopped()) return outcome;
    }
  }

  // Names and order as contract::MetricNames.
  void Report(const train::EpochReport& report) const {
    std::vector<v1::MetricPoint> points;
    AddPoints(report.Metrics(), report, &points);
    if (observer_) AddPoints(observer_->AfterEpoch(*trainer_, report), report, &points);
    if (context_.report) context_.report(points);
  }

  void ObserveEnd() const {
    if (!observer_) return;
    std::vector<v1::MetricPoint> points;
    AddPoints(observer_->AtEnd(*trainer_, evaluated_), evaluated_, &points);
    if (context_.report && !points.empty()) context_.report(points);
  }

  // The last step is always evaluated here: no checkpoint is made after it. The averages are of the whole training:
  // beside the kept weights of an earlier evaluation they would mislead.
  void SaveWeights() {
    const bool kept = train_.stopping().early_stopping().keep_best_weights();
    const TrainingPlace place{evaluated_.step, evaluated_.examples, evaluated_.epoch};
    context_.save_weights(WriteWeights(identity_, place, /*averages=*/!kept, *trainer_));
  }

  JobResult ResultOf(train::Trainer::Outcome outcome) const {
    JobResult result;
    result.data_digest = identity_.data_digest;
    switch (outcome) {
      case train::Trainer::Outcome::kFinished:
        result.outcome = JobOutcome::kSucceeded;
        result.weights_digest = WeightsDigest(trainer_->params(), trainer_->buffers());
        result.message = trainer_->ending();
        break;
      case train::Trainer::Outcome::kDiverged:
        result.outcome = JobOutcome::kDiverged;
        result.message = absl::StrCat("the loss is not finite",
                                      train_.stopping().has_diverge_above() ? " or above stopping.diverge_above" : "",
                                      " after step ", trainer_->step());
        break;
      case train::Trainer::Outcome::kStopped:
        result.outcome = JobOutcome::kStopped;
        result.message = absl::StrCat("stopped after step ", trainer_->step());
        break;
    }
    return result;
  }

  const v1::Workload& workload_;
  const v1::TrainWorkload& train_;
  const uint64_t seed_;
  const JobContext& context_;
  TrainingIdentity identity_;
  std::shared_ptr<const data::PreparedData> data_;
  std::unique_ptr<train::Trainer> trainer_;
  std::optional<CurvatureObserver> observer_;
  train::EpochReport evaluated_;  // The last: with early stopping at last of the kept weights.
};

}  // namespace

JobResult RunJob(const v1::Workload& workload, uint64_t seed, const JobContext& context) {
  const absl::Status valid = contract::ValidateResolved(workload);
  if (!valid.ok()) return Failure(JobOutcome::kInvalid, valid);
  try {
    if (workload.has_surface()) return RunSurface(workload.surface(), seed, context);
    if (workload.has_analyze()) return RunAnalysis(workload.analyze(), seed, context);
    return TrainJob(workload, seed, context).Run();
  } catch (const std::bad_alloc&) {
    return Failure(JobOutcome::kError, absl::ResourceExhaustedError("this worker has not enough memory for the trial"));
  } catch (const std::exception& error) {
    return Failure(JobOutcome::kError, absl::InternalError(error.what()));
  }
}

}  // namespace basin::worker::job
