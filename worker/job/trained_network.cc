#include "worker/job/trained_network.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/canonical.h"
#include "proto/contract/violation.h"
#include "worker/job/shared_results.h"
#include "worker/job/weights_digest.h"
#include "worker/train/thread_pool.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {
namespace {

constexpr size_t kMostBytes = size_t{256} << 20;

size_t BytesOf(const TrainedNetwork& network) {
  return sizeof(float) * (network.weights.params.size() + network.weights.buffers.size());
}

absl::StatusOr<std::shared_ptr<TrainedNetwork>> Train(const v1::TrainWorkload& workload, const std::string& prefix,
                                                      uint64_t seed, const LoadedData& data, int threads,
                                                      JobControl* control) {
  if (absl::Status failed = CheckMemory(workload, data.prepared->view()); !failed.ok()) return failed;
  train::ThreadPool pool(std::max(threads, 1));
  absl::StatusOr<std::unique_ptr<train::Trainer>> trainer =
      train::Trainer::Create(workload, seed, data.prepared->view(), &pool);
  if (!trainer.ok()) return contract::Under(prefix, trainer.status());
  auto network = std::make_shared<TrainedNetwork>();
  train::Trainer::Outcome outcome;
  do {
    outcome = (*trainer)->Run(
        [&](const train::EpochReport& report) {
          network->step = report.step;
          network->examples = report.examples;
          network->epoch = report.epoch;
        },
        control == nullptr ? nullptr : control->interrupt());
    if (control != nullptr) control->TakeCheckpointRequest();  // There is none to save: the next trial begins anew.
    if (control != nullptr && control->stopped()) return absl::CancelledError("stopped");
  } while (outcome == train::Trainer::Outcome::kStopped);
  if (outcome == train::Trainer::Outcome::kDiverged) {
    network->divergence = absl::StrCat("the training diverged after step ", (*trainer)->step());
  }
  network->shape = (*trainer)->shape();
  network->loss = train::Loss::FromProto(workload.loss());
  network->weights = {{(*trainer)->params().begin(), (*trainer)->params().end()},
                      {(*trainer)->buffers().begin(), (*trainer)->buffers().end()}};
  network->weights_digest = WeightsDigest((*trainer)->params(), (*trainer)->buffers());
  return network;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TrainedNetwork>> GetTrainedNetwork(const v1::TrainWorkload& workload,
                                                                        const std::string& prefix, uint64_t seed,
                                                                        const LoadedData& data, int threads,
                                                                        JobControl* control) {
  static SharedResults<TrainedNetwork>* const networks = new SharedResults<TrainedNetwork>(kMostBytes, BytesOf);
  v1::Workload training;
  *training.mutable_train() = workload;
  const std::string key = absl::StrCat(contract::CanonicalDigest(training), " ", seed, " ", data.digest);
  return networks->Get(key, control, [&]() -> absl::StatusOr<std::shared_ptr<const TrainedNetwork>> {
    absl::StatusOr<std::shared_ptr<TrainedNetwork>> trained = Train(workload, prefix, seed, data, threads, control);
    if (!trained.ok()) return trained.status();
    (*trained)->key = key;
    return *std::move(trained);
  });
}

}  // namespace basin::worker::job
