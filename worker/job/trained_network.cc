#include "worker/job/trained_network.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/canonical.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/violation.h"
#include "worker/job/shared_results.h"
#include "worker/job/weights.h"
#include "worker/job/weights_digest.h"
#include "worker/train/thread_pool.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {
namespace {

constexpr size_t kMostBytes = size_t{256} << 20;

size_t BytesOf(const TrainedNetwork& network) {
  return sizeof(float) * (network.weights.params.size() + network.weights.buffers.size());
}

// Null if no trial's weights are at hand.
std::shared_ptr<const TrainedNetwork> ReadStoredNetwork(const TrainingRequest& request) {
  if (!request.context.use_stored_weights) return nullptr;
  std::shared_ptr<TrainedNetwork> network;
  const TrainingIdentity identity = request.Identity();
  const auto use = [&](std::string_view bytes) -> absl::Status {
    const train::TrainingData& data = request.data.prepared->view();
    absl::StatusOr<train::NetworkShape> shape =
        train::ShapeOf(request.workload.model(), data.train.feature_count, data.image, data.classes);
    if (!shape.ok()) return shape.status();
    absl::StatusOr<StoredWeights> stored = ReadWeights(bytes, identity, *shape);
    if (!stored.ok()) return stored.status();
    network = std::make_shared<TrainedNetwork>();
    network->key = request.Key();
    network->shape = *std::move(shape);
    network->loss = train::Loss::FromProto(request.workload.loss());
    network->weights = {std::move(stored->params), std::move(stored->buffers)};
    network->weights_digest = std::move(stored->digest);
    network->step = stored->place.step;
    network->examples = stored->place.examples;
    network->epoch = stored->place.epoch;
    return absl::OkStatus();
  };
  request.context.use_stored_weights({identity, contract::DatasetName(request.workload.dataset())}, use);
  return network;
}

}  // namespace

TrainingIdentity TrainingRequest::Identity() const {
  v1::Workload training;
  *training.mutable_train() = workload;
  return {contract::CanonicalDigest(training), seed, data.digest, EngineFingerprint()};
}

std::string TrainingRequest::Key() const {
  const TrainingIdentity identity = Identity();
  return absl::StrCat(identity.workload_digest, " ", identity.seed, " ", identity.data_digest);
}

absl::StatusOr<std::shared_ptr<const TrainedNetwork>> TrainNetwork(const TrainingRequest& request,
                                                                   TrainingVisitor* visitor) {
  const train::TrainingData& data = request.data.prepared->view();
  if (absl::Status failed = CheckMemory(request.workload, data); !failed.ok()) return failed;
  train::ThreadPool pool(std::max(request.context.threads, 1));
  absl::StatusOr<std::unique_ptr<train::Trainer>> trainer =
      train::Trainer::Create(request.workload, request.seed, data, &pool);
  if (!trainer.ok()) return contract::Under(request.prefix, trainer.status());
  if (visitor != nullptr) {
    if (absl::Status fault = visitor->Begin(**trainer); !fault.ok()) return fault;
  }
  auto network = std::make_shared<TrainedNetwork>();
  JobControl* const control = request.context.control;
  train::Trainer::Outcome outcome;
  do {
    outcome = (*trainer)->Run(
        [&](const train::EpochReport& report) {
          network->step = report.step;
          network->examples = report.examples;
          network->epoch = report.epoch;
          if (visitor != nullptr) visitor->Evaluated(**trainer, report);
        },
        control == nullptr ? nullptr : control->interrupt());
    if (control != nullptr) control->TakeCheckpointRequest();  // There is none to save: the next trial begins anew.
    if (control != nullptr && control->stopped()) return absl::CancelledError("stopped");
  } while (outcome == train::Trainer::Outcome::kStopped);
  if (outcome == train::Trainer::Outcome::kDiverged) {
    network->divergence = absl::StrCat("the training diverged after step ", (*trainer)->step());
  }
  network->key = request.Key();
  network->shape = (*trainer)->shape();
  network->loss = train::Loss::FromProto(request.workload.loss());
  network->weights = {{(*trainer)->params().begin(), (*trainer)->params().end()},
                      {(*trainer)->buffers().begin(), (*trainer)->buffers().end()}};
  network->weights_digest = WeightsDigest((*trainer)->params(), (*trainer)->buffers());
  return network;
}

absl::StatusOr<std::shared_ptr<const TrainedNetwork>> GetTrainedNetwork(const TrainingRequest& request) {
  static SharedResults<TrainedNetwork>* const networks = new SharedResults<TrainedNetwork>(kMostBytes, BytesOf);
  return networks->Get(request.Key(), request.context.control,
                       [&]() -> absl::StatusOr<std::shared_ptr<const TrainedNetwork>> {
                         if (auto stored = ReadStoredNetwork(request)) return stored;
                         return TrainNetwork(request, nullptr);
                       });
}

}  // namespace basin::worker::job
