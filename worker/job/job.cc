#include "worker/job/job.h"

#include <unistd.h>

#include <algorithm>
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
#include "absl/strings/str_format.h"
#include "proto/contract/canonical.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/schedule/schedule.h"
#include "proto/contract/schedule/training_length.h"
#include "proto/contract/schedule/weight_times.h"
#include "proto/contract/validate.h"
#include "worker/data/catalog.h"
#include "worker/data/prepared_data.h"
#include "worker/data/synthetic.h"
#include "worker/job/surface_job.h"
#include "worker/job/trial_clock.h"
#include "worker/job/weights_digest.h"
#include "worker/train/network_plan.h"
#include "worker/train/network_shape.h"
#include "worker/train/optim/optimizer.h"
#include "worker/train/thread_pool.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {
namespace {

JobResult Failure(JobOutcome outcome, const absl::Status& status) {
  JobResult result;
  result.outcome = outcome;
  result.message = std::string(status.message());
  return result;
}

// Names and order as contract::MetricNames.
std::vector<v1::MetricPoint> PointsOf(const train::EpochReport& report) {
  std::vector<v1::MetricPoint> points;
  for (const auto& [name, value] : report.Metrics()) {
    v1::MetricPoint& point = points.emplace_back();
    point.set_name(std::string(name));
    point.set_value(value);
    point.set_step(report.step);
    point.set_epoch(report.epoch);
    point.set_examples(report.examples);
  }
  return points;
}

// How many networks an ensemble comes to have.
uint64_t MembersOf(const v1::TrainWorkload& workload, int64_t train_size) {
  if (!workload.averaging().has_ensemble()) return 0;
  const auto length = contract::LengthOfTraining(workload, static_cast<uint64_t>(train_size));
  if (!length.ok()) return 0;  // Here too the trainer says why.
  const auto schedule = contract::Schedule::Of(workload, *length);
  if (!schedule.ok()) return 0;
  const v1::SnapshotEnsemble& ensemble = workload.averaging().ensemble();
  const auto times = contract::WeightTimes::Of(ensemble, *length, **schedule);
  return times.ok() ? times->Count(ensemble.members()) : 0;
}

// Parameters, gradient, what the optimizer, the averages and early stopping keep for each parameter, the members of an
// ensemble, and the values between layers; what is left over is small beside them where it matters.
double BytesOf(const v1::TrainWorkload& workload, const train::TrainingData& data) {
  const absl::StatusOr<train::NetworkShape> shape =
      train::ShapeOf(workload.model(), data.train.feature_count, data.image, data.classes);
  if (!shape.ok()) return 0;  // The trainer says why.
  const train::NetworkPlan plan = train::PlanOf(*shape);
  const int64_t rows = std::clamp<int64_t>(std::min<int64_t>(workload.batch_size(), data.train.count),
                                           plan.evaluation_rows, std::max(plan.chunk_rows, plan.evaluation_rows));
  const v1::Averaging& averaging = workload.averaging();
  const int floats = 2 + train::StateFloatsPerParameter(workload.optimizer()) +
                     2 * (averaging.has_swa() + averaging.has_ema()) +
                     workload.stopping().early_stopping().keep_best_weights();
  // A member of the ensemble is a network and what it predicts.
  const auto members = static_cast<double>(MembersOf(workload, data.train.count));
  const double member = static_cast<double>(shape->parameter_count + shape->buffer_count) +
                        static_cast<double>((data.validation.count + data.test.count) * (data.classes + 1));
  return sizeof(float) * (static_cast<double>(floats) * static_cast<double>(shape->parameter_count) + members * member +
                          static_cast<double>(shape->values_per_example()) * static_cast<double>(rows));
}

double BytesOfMachine() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

absl::StatusOr<std::shared_ptr<const data::RawDataset>> LoadRaw(const v1::Dataset& dataset,
                                                                const data::Catalog& catalog) {
  return dataset.source_case() == v1::Dataset::kName ? catalog.Load(dataset.name()) : data::GenerateSynthetic(dataset);
}

// A training and what surrounds it: where it goes on from, and what it leaves on the way.
class TrainJob {
 public:
  TrainJob(const v1::Workload& workload, uint64_t seed, const JobContext& context)
      : workload_(workload), train_(workload.train()), seed_(seed), context_(context) {}

  JobResult Run() {
    if (const absl::Status failed = LoadData(); !failed.ok()) return Failure(outcome_, failed);
    // Each allocation alone may succeed where their sum brings the kernel to kill the process, and other trials with
    // it.
    const double bytes = BytesOf(train_, data_->view());
    if (bytes > BytesOfMachine()) {
      return Failure(JobOutcome::kError,
                     absl::ResourceExhaustedError(absl::StrFormat(
                         "this worker has not enough memory: the trial needs %.1f GB, the machine has %.1f GB",
                         bytes / 1e9, BytesOfMachine() / 1e9)));
    }
    train::ThreadPool pool(std::max(context_.threads, 1));
    if (const absl::Status failed = CreateTrainer(&pool); !failed.ok()) return Failure(JobOutcome::kInvalid, failed);
    const uint64_t first_step = trainer_->step();
    const train::Trainer::Outcome outcome = Train();
    if (outcome == train::Trainer::Outcome::kFinished && context_.save_weights) SaveWeights();
    JobResult result = ResultOf(outcome);
    result.first_step = first_step;
    return result;
  }

 private:
  absl::Status LoadData() {
    absl::StatusOr<std::shared_ptr<const data::RawDataset>> raw = LoadRaw(train_.dataset(), *context_.catalog);
    if (!raw.ok()) {
      const bool invalid = absl::IsDataLoss(raw.status()) || absl::IsInvalidArgument(raw.status());
      if (invalid) outcome_ = JobOutcome::kInvalid;
      if (invalid) return raw.status();
      return absl::Status(raw.status().code(), absl::StrCat("data set ", contract::DatasetName(train_.dataset()), ": ",
                                                            raw.status().message()));
    }
    identity_ = {.workload_digest = contract::CanonicalDigest(workload_),
                 .seed = seed_,
                 .data_digest = (*raw)->digest,
                 .engine_fingerprint = EngineFingerprint()};
    absl::StatusOr<std::shared_ptr<const data::PreparedData>> prepared =
        data::Prepare(*std::move(raw), train_.dataset());
    if (!prepared.ok()) {
      if (absl::IsInvalidArgument(prepared.status())) outcome_ = JobOutcome::kInvalid;
      return prepared.status();
    }
    data_ = *std::move(prepared);
    return absl::OkStatus();
  }

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
            evaluated_step_ = report.step;
            if (context_.report) context_.report(PointsOf(report));
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

  // The averages are of the whole training: beside the kept weights of an earlier evaluation they would mislead.
  void SaveWeights() {
    const bool kept = train_.stopping().early_stopping().keep_best_weights();
    context_.save_weights(
        WriteWeights(identity_, evaluated_step_.value_or(trainer_->step()), /*averages=*/!kept, *trainer_));
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
  JobOutcome outcome_ = JobOutcome::kError;  // If the data can't be had.
  TrainingIdentity identity_;
  std::shared_ptr<const data::PreparedData> data_;
  std::unique_ptr<train::Trainer> trainer_;
  std::optional<uint64_t> evaluated_step_;  // Of the last evaluation: with early stopping at last the kept weights'.
};

}  // namespace

JobResult RunJob(const v1::Workload& workload, uint64_t seed, const JobContext& context) {
  const absl::Status valid = contract::ValidateResolved(workload);
  if (!valid.ok()) return Failure(JobOutcome::kInvalid, valid);
  try {
    return workload.has_surface() ? RunSurface(workload.surface(), seed, context)
                                  : TrainJob(workload, seed, context).Run();
  } catch (const std::bad_alloc&) {
    return Failure(JobOutcome::kError, absl::ResourceExhaustedError("this worker has not enough memory for the trial"));
  } catch (const std::exception& error) {
    return Failure(JobOutcome::kError, absl::InternalError(error.what()));
  }
}

}  // namespace basin::worker::job
