#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "worker/data/catalog.h"
#include "worker/data/prepared_data.h"
#include "worker/job/job.h"

namespace basin::worker::job {

// What a training reads: loaded, split and scaled.
struct LoadedData {
  std::shared_ptr<const data::PreparedData> prepared;
  std::string digest;  // Of the data set as stored.
};

// From the catalog, or made. A fault's outcome is OutcomeOfDataFault's.
absl::StatusOr<LoadedData> LoadTrainingData(const v1::Dataset& dataset, const data::Catalog& catalog);

// kInvalid if the data are damaged or do not fit their settings, kError if this machine cannot have them.
JobOutcome OutcomeOfDataFault(const absl::Status& fault);

// RESOURCE_EXHAUSTED if the training needs more than the machine has. Each allocation alone may succeed where their sum
// brings the kernel to kill the process, and other trials with it.
absl::Status CheckMemory(const v1::TrainWorkload& workload, const train::TrainingData& data);

// The same for an iteration of Lanczos that keeps up to `vectors` of `size` elements each.
absl::Status CheckLanczosMemory(int64_t vectors, size_t size);

// A result that says what went wrong.
JobResult Failure(JobOutcome outcome, const absl::Status& status);

}  // namespace basin::worker::job
