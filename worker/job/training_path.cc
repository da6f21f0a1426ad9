#include "worker/job/training_path.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/analysis/trajectory.h"
#include "worker/job/shared_results.h"

namespace basin::worker::job {
namespace {

// Principal directions take a product for each pair of weights, and their memory once more.
constexpr uint64_t kMostPlaces = 1000;
constexpr size_t kMostPathBytes = size_t{1} << 30;
constexpr size_t kMostPlaneBytes = size_t{256} << 20;

size_t BytesOf(const PrincipalPlane& plane) {
  const TrainedNetwork& network = *plane.network;
  return sizeof(float) * (network.weights.params.size() + network.weights.buffers.size() + plane.first.params.size() +
                          plane.second.params.size());
}

class PathRecorder final : public TrainingVisitor {
 public:
  explicit PathRecorder(const PathSettings& settings) : settings_(settings) {}

  absl::Status Begin(const train::Trainer& trainer) override {
    const train::NetworkShape& shape = trainer.shape();
    const size_t bytes = sizeof(float) * (shape.parameter_count + shape.buffer_count);
    const uint64_t most = std::min<uint64_t>(kMostPlaces, kMostPathBytes / bytes);
    if (most < 3) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: no path can be kept of this network: three times its weights take more than %.1f GB",
                          settings_.field, static_cast<double>(kMostPathBytes) / 1e9));
    }
    // Beside the first and the last.
    const uint64_t epochs = trainer.length().total_steps / trainer.length().steps_per_epoch;
    const uint64_t between = epochs / settings_.every_epochs;
    if (between > most - 2) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: must be at least %d for %d epochs: the weights of this network are kept %d times at most (%d times, and "
          "%.1f GB); is %d",
          settings_.field, (epochs + most - 3) / (most - 2), epochs, most, kMostPlaces,
          static_cast<double>(kMostPathBytes) / 1e9, settings_.every_epochs));
    }
    Add(trainer, {0, 0, 0});
    return absl::OkStatus();
  }

  void Evaluated(const train::Trainer& trainer, const train::EpochReport& report) override {
    const uint64_t epoch = report.step / trainer.length().steps_per_epoch;
    const bool is_due = report.step % trainer.length().steps_per_epoch == 0 && epoch % settings_.every_epochs == 0;
    if (is_due && report.step > path_.places.back().step) Add(trainer, {report.step, report.examples, report.epoch});
  }

  // With early stopping the final weights are earlier ones than the last.
  TrainingPath End(std::shared_ptr<const TrainedNetwork> network) && {
    while (path_.places.back().step > network->step) {
      path_.places.pop_back();
      path_.params.pop_back();
      path_.buffers.pop_back();
    }
    if (path_.places.back().step < network->step) {
      path_.places.push_back({network->step, network->examples, network->epoch});
      path_.params.push_back(network->weights.params);
      path_.buffers.push_back(network->weights.buffers);
    }
    path_.network = std::move(network);
    return std::move(path_);
  }

 private:
  void Add(const train::Trainer& trainer, const TrainingPath::Place& place) {
    path_.places.push_back(place);
    path_.params.emplace_back(trainer.params().begin(), trainer.params().end());
    path_.buffers.emplace_back(trainer.buffers().begin(), trainer.buffers().end());
  }

  const PathSettings& settings_;
  TrainingPath path_;
};

absl::StatusOr<std::shared_ptr<const PrincipalPlane>> MakePrincipalPlane(const TrainingRequest& request,
                                                                         const PathSettings& settings) {
  absl::StatusOr<TrainingPath> path = TrainWithPath(request, settings);
  if (!path.ok()) return path.status();
  auto plane = std::make_shared<PrincipalPlane>();
  plane->network = std::move(path->network);
  if (!plane->network->divergence.empty()) return plane;
  absl::StatusOr<analysis::TrajectoryPlane> principal = analysis::PrincipalDirections(path->params, 2);
  if (!principal.ok()) return principal.status();
  if (principal->directions.size() < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat(settings.field, ": the training moved along a line: ", path->places.size(),
                     " weights of it span no plane; train longer, or take weights more often"));
  }
  plane->first.params = std::move(principal->directions[0]);
  plane->second.params = std::move(principal->directions[1]);
  return plane;
}

}  // namespace

absl::StatusOr<TrainingPath> TrainWithPath(const TrainingRequest& request, const PathSettings& settings) {
  PathRecorder recorder(settings);
  absl::StatusOr<std::shared_ptr<const TrainedNetwork>> network = TrainNetwork(request, &recorder);
  if (!network.ok()) return network.status();
  return std::move(recorder).End(*std::move(network));
}

absl::StatusOr<std::shared_ptr<const PrincipalPlane>> GetPrincipalPlane(const TrainingRequest& request,
                                                                        const PathSettings& settings) {
  static auto* const planes = new SharedResults<PrincipalPlane>(kMostPlaneBytes, BytesOf);
  const std::string key = absl::StrCat(request.Key(), " every ", settings.every_epochs);
  return planes->Get(key, request.context.control, [&] { return MakePrincipalPlane(request, settings); });
}

}  // namespace basin::worker::job
