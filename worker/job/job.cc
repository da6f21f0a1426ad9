#include "worker/job/job.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/contract/validate.h"
#include "worker/data/catalog.h"
#include "worker/data/raw_dataset.h"
#include "worker/job/weights_digest.h"
#include "worker/train/network_shape.h"
#include "worker/train/thread_pool.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {
namespace {

JobResult Failure(JobOutcome outcome, const absl::Status& status) {
  return {.outcome = outcome, .message = std::string(status.message()), .weights_digest = {}, .data_digest = {}};
}

// Names and order as contract::MetricNames.
std::array<v1::MetricPoint, 7> PointsOf(const train::EpochReport& report) {
  const std::pair<const char*, double> values[] = {
      {"train_loss", report.train_loss},
      {"val_loss", report.validation_loss},
      {"val_accuracy", report.validation_accuracy},
      {"test_loss", report.test_loss},
      {"test_accuracy", report.test_accuracy},
      {"learning_rate", report.learning_rate},
      {"grad_norm", report.gradient_norm},
  };
  std::array<v1::MetricPoint, 7> points;
  for (size_t i = 0; i < points.size(); ++i) {
    points[i].set_name(values[i].first);
    points[i].set_value(values[i].second);
    points[i].set_step(report.step);
    points[i].set_epoch(report.epoch);
    points[i].set_examples(report.examples);
  }
  return points;
}

// Parameters, gradient and velocity alone: what is left over is small beside them where it matters.
double BytesOf(const v1::TrainWorkload& workload, const train::TrainingData& data) {
  const train::NetworkShape shape = train::ShapeOf(workload.model(), data.train.feature_count, data.classes);
  return 3.0 * sizeof(float) * static_cast<double>(shape.parameter_count);
}

double BytesOfMachine() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

JobResult Train(const v1::TrainWorkload& workload, uint64_t seed, const JobContext& context) {
  absl::StatusOr<std::shared_ptr<const data::RawDataset>> raw = context.catalog->Load(workload.dataset().name());
  if (absl::IsDataLoss(raw.status())) return Failure(JobOutcome::kInvalid, raw.status());
  if (!raw.ok()) {
    return Failure(JobOutcome::kError,
                   absl::Status(raw.status().code(),
                                absl::StrCat("data set ", workload.dataset().name(), ": ", raw.status().message())));
  }
  const std::string data_digest = (*raw)->digest;
  absl::StatusOr<std::shared_ptr<const data::PreparedData>> prepared =
      data::Prepare(*std::move(raw), workload.dataset());
  if (!prepared.ok()) {
    return Failure(absl::IsInvalidArgument(prepared.status()) ? JobOutcome::kInvalid : JobOutcome::kError,
                   prepared.status());
  }
  // Each allocation alone may succeed where their sum brings the kernel to kill the process, and other trials with it.
  const double bytes = BytesOf(workload, (*prepared)->view());
  if (bytes > BytesOfMachine()) {
    return Failure(JobOutcome::kError,
                   absl::ResourceExhaustedError(absl::StrFormat(
                       "this worker has not enough memory: the trial needs %.1f GB, the machine has %.1f GB",
                       bytes / 1e9, BytesOfMachine() / 1e9)));
  }
  train::ThreadPool pool(std::max(context.threads, 1));
  absl::StatusOr<std::unique_ptr<train::Trainer>> trainer =
      train::Trainer::Create(workload, seed, (*prepared)->view(), &pool);
  if (!trainer.ok()) return Failure(JobOutcome::kInvalid, trainer.status());

  const train::Trainer::Outcome outcome = (*trainer)->Run(
      [&context](const train::EpochReport& report) {
        if (context.report) context.report(PointsOf(report));
      },
      context.stop);
  JobResult result{.outcome = JobOutcome::kSucceeded, .message = {}, .weights_digest = {}, .data_digest = data_digest};
  switch (outcome) {
    case train::Trainer::Outcome::kFinished:
      result.weights_digest = WeightsDigest((*trainer)->params());
      break;
    case train::Trainer::Outcome::kDiverged:
      result.outcome = JobOutcome::kDiverged;
      result.message = absl::StrCat("the loss is not finite after step ", (*trainer)->step());
      break;
    case train::Trainer::Outcome::kStopped:
      result.outcome = JobOutcome::kStopped;
      result.message = absl::StrCat("stopped after step ", (*trainer)->step());
      break;
  }
  return result;
}

}  // namespace

JobResult RunJob(const v1::Workload& workload, uint64_t seed, const JobContext& context) {
  const absl::Status valid = contract::ValidateResolved(workload);
  if (!valid.ok()) return Failure(JobOutcome::kInvalid, valid);
  try {
    return Train(workload.train(), seed, context);
  } catch (const std::bad_alloc&) {
    return Failure(JobOutcome::kError, absl::ResourceExhaustedError("this worker has not enough memory for the trial"));
  } catch (const std::exception& error) {
    return Failure(JobOutcome::kError, absl::InternalError(error.what()));
  }
}

}  // namespace basin::worker::job
