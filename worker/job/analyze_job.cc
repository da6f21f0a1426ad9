#include "worker/job/analyze_job.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/analysis/critical_point.h"
#include "worker/analysis/directions.h"
#include "worker/analysis/gradient_noise.h"
#include "worker/analysis/interpolation.h"
#include "worker/analysis/loss_function.h"
#include "worker/analysis/loss_plane.h"
#include "worker/analysis/sharpness.h"
#include "worker/analysis/spectral_density.h"
#include "worker/analysis/trajectory.h"
#include "worker/job/example_sample.h"
#include "worker/job/hessian_metrics.h"
#include "worker/job/shared_results.h"
#include "worker/job/trained_network.h"
#include "worker/job/training_data.h"
#include "worker/job/training_path.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::job {
namespace {

// Prepared for both parts; holds the data that the planes read.
struct Planes {
  LoadedData data;
  std::shared_ptr<const ExampleSample> train_examples, test_examples;
  analysis::LossPlane train, test;

  size_t bytes() const { return train_examples->bytes() + test_examples->bytes() + train.bytes() + test.bytes(); }
};
constexpr size_t kMostPlaneBytes = size_t{512} << 20;

SharedResults<Planes>& KeptPlanes() {
  static auto* const planes =
      new SharedResults<Planes>(kMostPlaneBytes, [](const Planes& each) { return each.bytes(); });
  return *planes;
}

class Analysis {
 public:
  Analysis(const v1::AnalyzeWorkload& workload, uint64_t seed, const JobContext& context)
      : workload_(workload), seed_(seed), context_(context), pool_(std::max(context.threads, 1)) {}

  JobResult Run() {
    absl::StatusOr<LoadedData> data = LoadTrainingData(workload_.train().dataset(), *context_.catalog);
    if (!data.ok()) return Failure(OutcomeOfDataFault(data.status()), data.status());
    data_ = *std::move(data);
    const absl::Status trained = Train();
    if (!trained.ok()) return FailureOf(trained);
    if (!network_->divergence.empty()) return FailureOf(absl::AbortedError(network_->divergence));
    const absl::Status measured = Measure();
    if (!measured.ok()) return FailureOf(measured);
    if (context_.report) context_.report(points_);
    JobResult result;
    result.outcome = JobOutcome::kSucceeded;
    result.message = message_;
    result.weights_digest = network_->weights_digest;
    result.data_digest = data_.digest;
    return result;
  }

 private:
  static JobResult FailureOf(const absl::Status& status) {
    if (absl::IsCancelled(status)) return Failure(JobOutcome::kStopped, status);
    if (absl::IsAborted(status)) return Failure(JobOutcome::kDiverged, status);
    const bool invalid = absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status);
    return Failure(invalid ? JobOutcome::kInvalid : JobOutcome::kError, status);
  }

  TrainingRequest Request(const v1::TrainWorkload& train, const std::string& prefix, uint64_t seed) const {
    return {train, prefix, seed, data_, context_};
  }

  // Sets network_, and what else there is of the training for this kind.
  absl::Status Train() {
    const TrainingRequest request =
        Request(workload_.train(), "analyze.", workload_.has_train_seed() ? workload_.train_seed() : seed_);
    if (workload_.has_trajectory()) {
      absl::StatusOr<TrainingPath> path =
          TrainWithPath(request, {workload_.trajectory().every_epochs(), "analyze.trajectory.every_epochs"});
      if (!path.ok()) return path.status();
      path_ = *std::move(path);
      network_ = path_.network;
      return absl::OkStatus();
    }
    if (HasPrincipalDirections()) {
      const v1::LossPlane& plane = workload_.loss_plane();
      const uint64_t every_epochs = plane.has_every_epochs() ? plane.every_epochs() : 1;
      auto principal = GetPrincipalPlane(request, {every_epochs, "analyze.loss_plane.every_epochs"});
      if (!principal.ok()) return principal.status();
      principal_ = *std::move(principal);
      network_ = principal_->network;
      return absl::OkStatus();
    }
    absl::StatusOr<std::shared_ptr<const TrainedNetwork>> network = GetTrainedNetwork(request);
    if (!network.ok()) return network.status();
    network_ = *std::move(network);
    return absl::OkStatus();
  }
  bool HasPrincipalDirections() const {
    return workload_.loss_plane().directions() == v1::LossPlane::DIRECTIONS_PRINCIPAL;
  }

  // What is measured of a part; drawn when it is first asked for.
  const train::Examples& TrainPart() { return Some(data_.prepared->view().train, &train_examples_); }
  const train::Examples& TestPart() { return Some(data_.prepared->view().test, &test_examples_); }
  const train::Examples& Some(const train::Examples& part, std::shared_ptr<const ExampleSample>* sample) const {
    if (*sample == nullptr) *sample = std::make_shared<ExampleSample>(part, ExampleSample::MostOf(workload_));
    return (*sample)->view();
  }

  // Names and order as contract::MetricNames.
  void Add(const std::string& name, double value) {
    AddAt({network_->step, network_->examples, network_->epoch}, name, value);
  }
  void AddAt(const TrainingPath::Place& place, const std::string& name, double value) {
    v1::MetricPoint& point = points_.emplace_back();
    point.set_name(name);
    point.set_value(value);
    point.set_step(place.step);
    point.set_epoch(place.epoch);
    point.set_examples(place.examples);
  }

  absl::Status Measure() {
    switch (workload_.kind_case()) {
      case v1::AnalyzeWorkload::kLossPlane:
        return MeasureLossPlane();
      case v1::AnalyzeWorkload::kInterpolation:
        return MeasureInterpolation();
      case v1::AnalyzeWorkload::kCurvature:
        return MeasureCurvature();
      case v1::AnalyzeWorkload::kSharpness:
        return MeasureSharpness();
      case v1::AnalyzeWorkload::kGradientNoise:
        return MeasureNoise();
      case v1::AnalyzeWorkload::kSpectralDensity:
        return MeasureDensity();
      case v1::AnalyzeWorkload::kTrajectory:
        return MeasureTrajectory();
      case v1::AnalyzeWorkload::KIND_NOT_SET:
        break;
    }
    return absl::InvalidArgumentError("analyze: has no kind");
  }

  std::shared_ptr<const Planes> MakePlanes(const analysis::FlatVectors& first, const analysis::FlatVectors* second) {
    const TrainedNetwork& at = *network_;
    const auto plane_over = [&](const train::Examples& part) {
      return analysis::LossPlane(at.shape, at.loss, at.weights, first, second, part, &pool_);
    };
    analysis::LossPlane train = plane_over(TrainPart()), test = plane_over(TestPart());
    return std::make_shared<Planes>(Planes{data_, train_examples_, test_examples_, std::move(train), std::move(test)});
  }
  void AddScores(const Planes& planes, const analysis::PlanePoint& point) {
    const auto train = planes.train.Evaluate({&point, 1}, &pool_).front();
    const auto test = planes.test.Evaluate({&point, 1}, &pool_).front();
    Add("train_loss", train.loss);
    Add("train_accuracy", train.accuracy);
    Add("test_loss", test.loss);
    Add("test_accuracy", test.accuracy);
  }

  absl::Status MeasureLossPlane() {
    const v1::LossPlane& settings = workload_.loss_plane();
    const std::string directions = HasPrincipalDirections() ? absl::StrCat("principal every ", settings.every_epochs())
                                                            : absl::StrCat("random ", seed_);
    const std::string key = absl::StrCat("plane ", network_->key, " ", workload_.examples(), " ", directions);
    const auto planes = KeptPlanes().Get(key, context_.control, [&]() -> absl::StatusOr<std::shared_ptr<const Planes>> {
      if (principal_ != nullptr) return MakePlanes(principal_->first, &principal_->second);
      const auto& tensors = network_->shape.parameters;
      const analysis::FlatVectors first{analysis::RandomDirection(tensors, network_->weights.params, seed_, 0), {}};
      const analysis::FlatVectors second{analysis::RandomDirection(tensors, network_->weights.params, seed_, 1), {}};
      if (const absl::Status fault = analysis::CheckDirections(first.params, second.params); !fault.ok()) return fault;
      return MakePlanes(first, &second);
    });
    if (!planes.ok()) return planes.status();
    AddScores(**planes, {settings.alpha(), settings.beta()});
    return absl::OkStatus();
  }

  absl::Status MeasureInterpolation() {
    const v1::Interpolation& line = workload_.interpolation();
    const auto other =
        GetTrainedNetwork(Request(line.has_train() ? line.train() : workload_.train(),
                                  line.has_train() ? "analyze.interpolation." : "analyze.", line.other_seed()));
    if (!other.ok()) return other.status();
    if (!(*other)->divergence.empty()) return absl::AbortedError((*other)->divergence);
    if ((*other)->weights.params.size() != network_->weights.params.size() ||
        (*other)->weights.buffers.size() != network_->weights.buffers.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("analyze.interpolation.train.model: must have as many parameters as that of analyze.train, ",
                       network_->weights.params.size(), "; has ", (*other)->weights.params.size()));
    }
    const std::string key = absl::StrCat("line ", network_->key, " ", (*other)->key, " ", workload_.examples());
    const auto planes = KeptPlanes().Get(key, context_.control, [&]() -> absl::StatusOr<std::shared_ptr<const Planes>> {
      const analysis::FlatVectors direction = analysis::DirectionBetween(network_->weights, (*other)->weights);
      if (const absl::Status fault = analysis::CheckDirections(direction.params, {}); !fault.ok()) return fault;
      return MakePlanes(direction, nullptr);
    });
    if (!planes.ok()) return planes.status();
    AddScores(**planes, {line.alpha(), 0});
    return absl::OkStatus();
  }

  absl::Status MeasureCurvature() {
    const v1::Curvature& settings = workload_.curvature();
    if (absl::Status failed = CheckLanczosMemory(settings.iterations(), network_->weights.params.size());
        !failed.ok()) {
      return failed;
    }
    const train::Network<float> network(network_->shape, network_->loss);
    analysis::LossFunction loss(network, network_->weights.buffers, TrainPart(), &pool_);
    const std::vector<float>& params = network_->weights.params;
    std::vector<float> gradient(params.size());
    Add("train_loss", loss.Gradient(params, gradient));
    const double norm = analysis::Norm(gradient);
    Add("grad_norm", norm);
    analysis::Hessian hessian(loss, params);
    HessianSettings wanted = HessianSettings::Of(settings);
    wanted.bound = -settings.curvature_tolerance();
    const HessianMetrics metrics = MeasureHessian(hessian, wanted, seed_);
    const analysis::Spectrum& spectrum = metrics.spectrum;
    for (const auto& [name, value] : metrics.values) Add(name, value);
    const analysis::CriticalPoint point = analysis::JudgeCriticalPoint(
        norm, spectrum, {.gradient = settings.gradient_tolerance(), .curvature = settings.curvature_tolerance()});
    using Kind = analysis::CriticalPoint::Kind;
    Add("negative_eigenvalues", point.negative);
    Add("negative_eigenvalues_settled", point.negative_settled);
    Add("converged", spectrum.converged);
    Add("is_minimum", point.kind == Kind::kMinimum);
    Add("is_saddle", point.kind == Kind::kSaddle);
    Add("is_plateau", point.kind == Kind::kPlateau);
    Add("is_not_stationary", point.kind == Kind::kNotStationary);
    Add("is_undecided", point.kind == Kind::kUndecided);
    message_ = point.Sentence();
    return absl::OkStatus();
  }

  // As evaluation shows it.
  double LossOn(const train::Network<float>& network, const std::vector<float>& weights,
                const std::vector<float>& buffers, const train::Examples& examples) {
    train::AlignedBuffer<float> params(weights.size());
    std::ranges::copy(weights, params.data());
    std::vector<const float*> rows;
    for (int64_t i = 0; i < examples.count; ++i) rows.push_back(examples.features + i * examples.stride);
    train::Network<float>::Workspace workspace(network, {.evaluated_rows = examples.count, .threads = pool_.threads()});
    return network
        .Evaluate(params.data(), buffers.data(), {rows.data(), examples.labels, examples.count}, workspace, &pool_)
        .loss;
  }

  absl::Status MeasureSharpness() {
    const v1::Sharpness& settings = workload_.sharpness();
    const TrainedNetwork& at = *network_;
    const std::vector<float>& params = at.weights.params;
    const train::Network<float> network(at.shape, at.loss);
    const double train = LossOn(network, params, at.weights.buffers, TrainPart());
    const double test = LossOn(network, params, at.weights.buffers, TestPart());
    Add("train_loss", train);
    Add("test_loss", test);
    Add("generalisation_gap", test - train);
    analysis::LossFunction loss(network, at.weights.buffers, TrainPart(), &pool_);
    Add("epsilon_sharpness",
        analysis::EpsilonSharpness(loss, params, settings.epsilon(), static_cast<int>(settings.epsilon_steps())));
    Add("sam_sharpness", analysis::AscentSharpness(loss, params, settings.rho()));
    const analysis::Estimate average = analysis::AverageSharpness(loss, at.shape.parameters, params, settings.sigma(),
                                                                  static_cast<int>(settings.draws()), seed_);
    Add("average_sharpness", average.mean);
    Add("average_sharpness_stderr", average.standard_error);
    return absl::OkStatus();
  }

  absl::Status MeasureNoise() {
    const train::Network<float> network(network_->shape, network_->loss);
    analysis::LossFunction loss(network, network_->weights.buffers, TrainPart(), &pool_);
    const auto noise =
        analysis::MeasureGradientNoise(loss, network_->weights.params, workload_.gradient_noise().batch_size(), seed_);
    if (!noise.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("analyze.gradient_noise.batch_size: ", noise.status().message()));
    }
    Add("gradient_noise_scale", noise->scale);
    Add("gradient_noise_trace", noise->trace);
    Add("gradient_squared_norm", noise->squared_norm);
    return absl::OkStatus();
  }

  absl::Status MeasureDensity() {
    const v1::SpectralDensity& settings = workload_.spectral_density();
    if (absl::Status failed = CheckLanczosMemory(settings.iterations(), network_->weights.params.size());
        !failed.ok()) {
      return failed;
    }
    const std::vector<float>& params = network_->weights.params;
    const train::Network<float> network(network_->shape, network_->loss);
    analysis::LossFunction loss(network, network_->weights.buffers, TrainPart(), &pool_);
    analysis::Hessian hessian(loss, params);
    const std::vector<analysis::SpectralMass> masses = analysis::SpectralQuadrature(
        hessian, static_cast<int>(settings.probes()), static_cast<int>(settings.iterations()), seed_);
    const analysis::DensityCurve curve =
        analysis::CurveOf(masses, static_cast<int>(settings.points()), settings.width());
    Add("train_loss", loss.Value(params));
    Add("eigenvalue_mean", curve.mean);
    Add("eigenvalue_std", curve.deviation);
    Add("eigenvalue_min", curve.least);
    Add("eigenvalue_max", curve.greatest);
    Add("smoothing_width", curve.width);
    Add("negative_share", curve.negative_share);
    for (size_t i = 0; i < curve.places.size(); ++i) {
      const TrainingPath::Place place{i, network_->examples, network_->epoch};
      AddAt(place, "eigenvalue", curve.places[i]);
      AddAt(place, "density", curve.density[i]);
    }
    return absl::OkStatus();
  }

  absl::Status MeasureTrajectory() {
    const auto plane = analysis::PrincipalDirections(path_.params, 2);
    if (!plane.ok()) return plane.status();
    // Of a path on a line there is one alone.
    const auto along = [](const std::vector<double>& values, size_t k) { return k < values.size() ? values[k] : 0; };
    const train::Network<float> network(network_->shape, network_->loss);
    for (size_t i = 0; i < path_.places.size(); ++i) {
      if (context_.control != nullptr && context_.control->stopped()) return absl::CancelledError("stopped");
      AddAt(path_.places[i], "trajectory_x", along(plane->coordinates[i], 0));
      AddAt(path_.places[i], "trajectory_y", along(plane->coordinates[i], 1));
      AddAt(path_.places[i], "train_loss", LossOn(network, path_.params[i], path_.buffers[i], TrainPart()));
      AddAt(path_.places[i], "test_loss", LossOn(network, path_.params[i], path_.buffers[i], TestPart()));
    }
    const double first = along(plane->explained, 0), second = along(plane->explained, 1);
    Add("explained_variance_1", first);
    Add("explained_variance_2", second);
    message_ = absl::StrFormat("%d weights; their plane holds %.1f %% of the squared distances from the last ones",
                               path_.places.size(), 100 * (first + second));
    return absl::OkStatus();
  }

  const v1::AnalyzeWorkload& workload_;
  const uint64_t seed_;
  const JobContext& context_;
  train::ThreadPool pool_;
  LoadedData data_;
  std::shared_ptr<const ExampleSample> train_examples_, test_examples_;
  std::shared_ptr<const TrainedNetwork> network_;
  TrainingPath path_;                                // Of a trajectory.
  std::shared_ptr<const PrincipalPlane> principal_;  // Of a plane with principal directions.
  std::vector<v1::MetricPoint> points_;
  std::string message_;
};

}  // namespace

JobResult RunAnalysis(const v1::AnalyzeWorkload& workload, uint64_t seed, const JobContext& context) {
  return Analysis(workload, seed, context).Run();
}

}  // namespace basin::worker::job
