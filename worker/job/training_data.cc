#include "worker/job/training_data.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/schedule/schedule.h"
#include "proto/contract/schedule/training_length.h"
#include "proto/contract/schedule/weight_times.h"
#include "worker/data/synthetic.h"
#include "worker/train/network_plan.h"
#include "worker/train/network_shape.h"
#include "worker/train/optim/optimizer.h"

namespace basin::worker::job {
namespace {

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

// Parameters, gradient, what the optimizer, the averages, early stopping and the search for eigenvalues keep for each
// parameter, the members of an ensemble, and the values between layers; what is left over is small beside them where it
// matters.
double BytesOf(const v1::TrainWorkload& workload, const train::TrainingData& data) {
  const absl::StatusOr<train::NetworkShape> shape =
      train::ShapeOf(workload.model(), data.train.feature_count, data.image, data.classes);
  if (!shape.ok()) return 0;  // The trainer says why.
  const train::NetworkPlan plan = train::PlanOf(*shape);
  const int64_t rows = std::max(std::min({int64_t{workload.batch_size()}, data.train.count, plan.chunk_rows}),
                                std::min(plan.evaluation_rows, train::LongestPart(data)));
  const v1::Averaging& averaging = workload.averaging();
  const int floats = 2 + train::StateFloatsPerParameter(workload.optimizer()) +
                     2 * (averaging.has_swa() + averaging.has_ema()) +
                     workload.stopping().early_stopping().keep_best_weights() +
                     static_cast<int>(workload.observe().curvature().iterations());
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

absl::Status CheckBytes(double bytes) {
  if (bytes <= BytesOfMachine()) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrFormat("this worker has not enough memory: the trial needs %.1f GB, the machine has %.1f GB",
                      bytes / 1e9, BytesOfMachine() / 1e9));
}

absl::StatusOr<std::shared_ptr<const data::RawDataset>> LoadRaw(const v1::Dataset& dataset,
                                                                const data::Catalog& catalog) {
  return dataset.source_case() == v1::Dataset::kName ? catalog.Load(dataset.name()) : data::GenerateSynthetic(dataset);
}

}  // namespace

absl::StatusOr<LoadedData> LoadTrainingData(const v1::Dataset& dataset, const data::Catalog& catalog) {
  absl::StatusOr<std::shared_ptr<const data::RawDataset>> raw = LoadRaw(dataset, catalog);
  if (!raw.ok()) {
    if (OutcomeOfDataFault(raw.status()) == JobOutcome::kInvalid) return raw.status();
    return absl::Status(raw.status().code(),
                        absl::StrCat("data set ", contract::DatasetName(dataset), ": ", raw.status().message()));
  }
  LoadedData data{.prepared = nullptr, .digest = (*raw)->digest};
  absl::StatusOr<std::shared_ptr<const data::PreparedData>> prepared = data::Prepare(*std::move(raw), dataset);
  if (!prepared.ok()) return prepared.status();
  data.prepared = *std::move(prepared);
  return data;
}

JobOutcome OutcomeOfDataFault(const absl::Status& fault) {
  const bool invalid = absl::IsDataLoss(fault) || absl::IsInvalidArgument(fault);
  return invalid ? JobOutcome::kInvalid : JobOutcome::kError;
}

absl::Status CheckMemory(const v1::TrainWorkload& workload, const train::TrainingData& data) {
  return CheckBytes(BytesOf(workload, data));
}

absl::Status CheckLanczosMemory(int64_t vectors, size_t size) {
  // There are no more than the space has dimensions.
  return CheckBytes(std::min(static_cast<double>(vectors), static_cast<double>(size)) * static_cast<double>(size) *
                    sizeof(float));
}

JobResult Failure(JobOutcome outcome, const absl::Status& status) {
  JobResult result;
  result.outcome = outcome;
  result.message = std::string(status.message());
  return result;
}

}  // namespace basin::worker::job
