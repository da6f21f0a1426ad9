#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "proto/contract/defaults.h"
#include "proto/contract/digest.h"
#include "proto/contract/random/philox.h"
#include "worker/analysis/directions.h"
#include "worker/analysis/gradient_noise.h"
#include "worker/analysis/lanczos.h"
#include "worker/analysis/loss_function.h"
#include "worker/analysis/loss_plane.h"
#include "worker/analysis/sharpness.h"
#include "worker/analysis/spectral_density.h"
#include "worker/analysis/trace.h"
#include "worker/analysis/trajectory.h"
#include "worker/job/job.h"
#include "worker/job/surface_job.h"
#include "worker/job/weights_digest.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {
namespace {

// Raised when what a trial computes changes on purpose in a way that the self-test might not show.
constexpr char kEngineVersion[] = "basin-engine-2";

// Points around one centre a class, in three parts.
class SelfTestData {
 public:
  SelfTestData(int32_t features, int32_t classes, const train::ImageShape& image)
      : features_(features), stride_((features + 15) / 16 * 16) {
    buffer_ = train::AlignedBuffer<float>(static_cast<size_t>(kRows * stride_));
    labels_.resize(kRows);
    contract::RandomStream centre_stream(1, contract::RandomPurpose::kSplit, static_cast<uint64_t>(features));
    std::vector<float> centres(static_cast<size_t>(features * classes));
    for (float& value : centres) value = static_cast<float>(centre_stream.NextNormal());
    contract::RandomStream stream(2, contract::RandomPurpose::kSplit, static_cast<uint64_t>(features));
    for (int32_t row = 0; row < kRows; ++row) {
      labels_[row] = static_cast<int32_t>(stream.NextBelow(static_cast<uint64_t>(classes)));
      for (int32_t f = 0; f < features; ++f) {
        buffer_[row * stride_ + f] = centres[labels_[row] * features + f] + static_cast<float>(stream.NextNormal());
      }
    }
    view_ = {
        .train = Part(0, 150), .validation = Part(150, 37), .test = Part(187, 43), .classes = classes, .image = image};
  }
  const train::TrainingData& view() const { return view_; }

 private:
  static constexpr int32_t kRows = 230;
  train::Examples Part(int32_t first, int64_t count) const {
    return {buffer_.data() + first * stride_, labels_.data() + first, count, features_, stride_};
  }
  int32_t features_, stride_;
  train::AlignedBuffer<float> buffer_;
  std::vector<int32_t> labels_;
  train::TrainingData view_;
};

// Every kernel, layer, activation, loss, initialization, optimizer setting and schedule, in sizes with and without a
// remainder.
struct SelfTest {
  int32_t features, classes;
  const char* workload;
  train::ImageShape image = {};
};
constexpr SelfTest kSelfTests[] = {
    {61, 10, R"(model { mlp { hidden: 37 hidden: 23 } } batch_size: 16 epochs: 3 learning_rate: 0.1
                optimizer { sgd { momentum: 0.9 } } schedule { cosine {} })"},
    {48, 3, R"(model { mlp { hidden: 32 activation: ACTIVATION_TANH } initialization: INITIALIZATION_GLOROT }
               batch_size: 7 epochs: 2 learning_rate: 0.05
               optimizer { sgd { momentum: 0.8 nesterov: true l2: 0.001 } }
               schedule { sgdr { first_period_epochs: 1 } })"},
    {20, 17, R"(model { softmax_regression {} initialization: INITIALIZATION_UNIFORM } batch_size: 1 steps: 100
                learning_rate: 0.02 schedule { exponential { gamma: 0.9 smooth: true } })"},
    {33, 5, R"(model { mlp { hidden: 8 } initialization: INITIALIZATION_LECUN } batch_size: 4294967295 epochs: 6
               learning_rate: 0.2 optimizer { sgd { momentum: 0.5 dampening: 0.25 l2: 0.01 } }
               schedule { warmup { steps: 2 then { step { every_epochs: 2 } } } })"},
    {21, 4, R"(model { mlp { hidden: 19 } } batch_size: 16 epochs: 2 learning_rate: 0.01 clip { value: 0.3 }
               optimizer { rmsprop { centered: true momentum: 0.5 l2: 0.001 } } sampling: SAMPLING_WITH_REPLACEMENT)"},
    {21, 4, R"(model { mlp { hidden: 19 } } batch_size: 24 accumulate: 3 epochs: 2 learning_rate: 0.05
               optimizer { adagrad { } } learning_rate_scaling { square_root { base_batch_size: 32 } })"},
    {21, 4, R"(model { mlp { hidden: 19 } } batch_size: 16 epochs: 2 learning_rate: 0.01 clip { norm: 0.5 }
               optimizer { adam { amsgrad: true l2: 0.001 } })"},
    {21, 4, R"(model { mlp { hidden: 19 } } batch_size: 16 epochs: 2 learning_rate: 0.01
               optimizer { adamw { weight_decay: 0.1 decay_biases_and_norms: false } })"},
    {21, 4, R"(model { mlp { hidden: 19 } } batch_size: 16 epochs: 2 learning_rate: 0.5
               optimizer { lars { trust_coefficient: 0.02 l2: 0.001 } })"},
    {21, 4, R"(model { mlp { hidden: 19 } } batch_size: 16 epochs: 2 learning_rate: 0.02
               optimizer { lamb { weight_decay: 0.01 } })"},
    {21, 4, R"(model { mlp { hidden: 19 } } batch_size: 16 epochs: 2 learning_rate: 0.1 optimizer { sam { } })"},
    {162, 4, R"(model { resnet { depth: 8 width: 5 } } batch_size: 40 epochs: 2 learning_rate: 0.05)", {9, 6, 3}},
    {98,
     3,
     R"(model { sequential {
                 layers { conv2d { filters: 11 kernel: 3 } } layers { group_norm { groups: 11 } } layers { gelu {} }
                 layers { max_pool { size: 3 stride: 2 } } layers { dropout { probability: 0.2 } }
                 layers { residual { shortcut: SHORTCUT_PROJECTION
                   layers { conv2d { filters: 18 kernel: 3 stride: 2 } } layers { tanh {} } } }
                 layers { average_pool { size: 2 } } layers { dense { units: 9 } } layers { relu {} } } }
               batch_size: 50 epochs: 2 learning_rate: 0.05 loss { cross_entropy { label_smoothing: 0.1 } })",
     {7, 7, 2}},
    {25, 6, R"(model { mlp { hidden: 9 activation: ACTIVATION_GELU } } batch_size: 30 epochs: 2 learning_rate: 0.05
               loss { squared_error {} })"},
    {23, 4, R"(model { sequential { layers { batch_norm {} } layers { dense { units: 9 } } layers { relu {} } } }
               batch_size: 30 epochs: 2 learning_rate: 0.05)"},
    {24, 4, R"(model { softmax_regression {} } batch_size: 50 epochs: 12 learning_rate: 0.1 schedule { sequence {
               parts { epochs: 2 schedule { polynomial { power: 1.5 end_factor: 0.2 } } }
               parts { epochs: 2 schedule { cyclic { up_steps: 2 mode: MODE_EXP_RANGE min_factor: 0.1 gamma: 0.9 } } }
               parts { epochs: 2 schedule { one_cycle {} } } parts { epochs: 2 schedule { linear {} } }
               parts { epochs: 2 schedule { inverse_sqrt { warmup_steps: 2 } } }
               parts { schedule { multistep { milestone_steps: [1, 3] } } } } })"},
    {19, 3, R"(model { mlp { hidden: 9 } } batch_size: 30 epochs: 9 learning_rate: 0.1
               schedule { swa { until { plateau { patience: 1 factor: 0.5 } } factor: 0.5 cycle_steps: 3 end_factor: 0.1 } }
               averaging { swa { start_fraction: 0.5 at_cycle_ends {} } ema { decay: 0.9 } ensemble { members: 2 } }
               stopping { early_stopping { patience: 3 } })"},
};

v1::TrainWorkload WorkloadOf(const SelfTest& test) {
  v1::TrainWorkload workload;
  if (!google::protobuf::TextFormat::ParseFromString(test.workload, &workload)) std::abort();
  contract::FillDefaults(&workload);
  return workload;
}

train::Loss LossOf(const SelfTest& test) { return train::Loss::FromProto(WorkloadOf(test).loss()); }

std::unique_ptr<train::Trainer> TrainerOf(const SelfTest& test, const SelfTestData& data) {
  absl::StatusOr<std::unique_ptr<train::Trainer>> trainer =
      train::Trainer::Create(WorkloadOf(test), /*seed=*/5, data.view(), nullptr);
  if (!trainer.ok()) std::abort();
  return *std::move(trainer);
}

// Every function, with noise and an optimizer that takes roots.
constexpr const char* kSurfaces[] = {"quadratic { dimensions: 3 }",
                                     "saddle {}",
                                     "monkey_saddle {}",
                                     "rosenbrock { dimensions: 4 }",
                                     "beale {}",
                                     "himmelblau {}",
                                     "rastrigin { dimensions: 3 }",
                                     "ackley { dimensions: 3 }",
                                     "styblinski_tang {}",
                                     "two_wells {}"};

void DigestSurfaces(contract::Sha256* digest) {
  for (const char* function : kSurfaces) {
    v1::SurfaceWorkload workload;
    if (!google::protobuf::TextFormat::ParseFromString(
            absl::StrCat("function { ", function,
                         " } steps: 50 learning_rate: 0.01 gradient_noise: 0.1 report_every: 10 optimizer { adam {} }"),
            &workload)) {
      std::abort();
    }
    contract::FillDefaults(&workload);
    JobContext context;
    context.report = [digest](std::span<const v1::MetricPoint> points) {
      for (const v1::MetricPoint& point : points) {
        const double value = point.value();
        digest->Update(&value, sizeof(value));
      }
    };
    const std::string weights = RunSurface(workload, /*seed=*/5, context).weights_digest;
    digest->Update(weights.data(), weights.size());
  }
}

// What is told of a network, on networks with every kind of layer that is not linear.
constexpr SelfTest kAnalyses[] = {
    {162, 4, R"(model { resnet { depth: 8 width: 5 } } batch_size: 40 epochs: 1 learning_rate: 0.05)", {9, 6, 3}},
    {98,
     3,
     R"(model { sequential {
                 layers { conv2d { filters: 11 kernel: 3 } } layers { group_norm { groups: 11 } } layers { gelu {} }
                 layers { max_pool { size: 3 stride: 2 } } layers { conv2d { filters: 6 kernel: 3 } }
                 layers { tanh {} } layers { average_pool { size: 2 } } } }
               batch_size: 50 epochs: 1 learning_rate: 0.05 loss { squared_error {} })",
     {7, 7, 2}},
    {33, 5, R"(model { mlp { hidden: 18 } } batch_size: 30 epochs: 1 learning_rate: 0.05)"},
};

void DigestAnalysis(const SelfTest& test, contract::Sha256* digest) {
  const SelfTestData data(test.features, test.classes, test.image);
  const std::unique_ptr<train::Trainer> trainer = TrainerOf(test, data);
  trainer->Run([](const train::EpochReport&) {}, nullptr);
  const train::NetworkShape& shape = trainer->shape();
  const analysis::FlatVectors at{{trainer->params().begin(), trainer->params().end()},
                                 {trainer->buffers().begin(), trainer->buffers().end()}};
  const train::Network<float> network(shape, LossOf(test));
  train::Examples few = data.view().train;  // A full batch and a remainder; every worker's start waits for them.
  few.count = 43;
  analysis::LossFunction loss(network, at.buffers, few, nullptr);
  analysis::Hessian hessian(loss, at.params);
  const analysis::FlatVectors first{analysis::RandomDirection(shape.parameters, at.params, 5, 0), {}};
  const analysis::FlatVectors second{analysis::RandomDirection(shape.parameters, at.params, 5, 1), {}};
  const analysis::LossPlane plane(shape, LossOf(test), at, first, &second, data.view().test, nullptr);
  const analysis::PlanePoint point{0.3, -0.2};
  const analysis::Spectrum spectrum = analysis::ExtremeEigenvalues(hessian, {.max_steps = 3, .seed = 5});
  std::vector<double> values = spectrum.ritz_values;
  values.push_back(plane.Evaluate({&point, 1}, nullptr)[0].loss);
  if (!test.image.is_image()) {  // Once: these rest on the same gradients, products and losses.
    values.insert(values.end(),
                  {analysis::HutchinsonTrace(hessian, 2, 5).mean, analysis::EpsilonSharpness(loss, at.params, 1e-3, 2),
                   analysis::AscentSharpness(loss, at.params, 0.05),
                   analysis::AverageSharpness(loss, shape.parameters, at.params, 0.1, 2, 5).mean,
                   analysis::MeasureGradientNoise(loss, at.params, 20, 5)->scale});
    for (const analysis::SpectralMass& mass : analysis::SpectralQuadrature(hessian, 1, 2, 5)) {
      values.insert(values.end(), {mass.value, mass.weight});
    }
    const std::vector<std::vector<float>> path = {first.params, second.params, at.params};
    const auto principal = analysis::PrincipalDirections(path, 2);
    for (const std::vector<double>& place : principal->coordinates) {
      values.insert(values.end(), place.begin(), place.end());
    }
  }
  digest->Update(values.data(), values.size() * sizeof(double));
}

std::string ComputeFingerprint() {
  contract::Sha256 digest;
  digest.Update(kEngineVersion, sizeof(kEngineVersion));
  DigestSurfaces(&digest);
  for (const SelfTest& test : kAnalyses) DigestAnalysis(test, &digest);
  for (const SelfTest& test : kSelfTests) {
    const SelfTestData data(test.features, test.classes, test.image);
    const std::unique_ptr<train::Trainer> trainer = TrainerOf(test, data);
    std::vector<double> values;
    trainer->Run(
        [&values](const train::EpochReport& report) {
          for (const auto& [name, value] : report.Metrics()) values.push_back(value);
        },
        nullptr);
    digest.Update(values.data(), values.size() * sizeof(double));
    const std::string weights = WeightsDigest(trainer->params(), trainer->buffers());
    digest.Update(weights.data(), weights.size());
  }
  return digest.FinishHex();
}

}  // namespace

std::string EngineFingerprint() {
  static const std::string fingerprint = ComputeFingerprint();
  return fingerprint;
}

}  // namespace basin::worker::job
