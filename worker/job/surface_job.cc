#include "worker/job/surface_job.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/random/philox.h"
#include "proto/contract/schedule/schedule.h"
#include "proto/contract/surface_shape.h"
#include "worker/job/safetensors.h"
#include "worker/job/weights_digest.h"
#include "worker/surfaces/create_surface.h"
#include "worker/surfaces/ending.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/parameter_update.h"

namespace basin::worker::job {
namespace {

// The function's gradient with the noise of a step.
class NoisyGradient final : public train::GradientSource {
 public:
  NoisyGradient(const surfaces::Surface& surface, double noise, uint64_t seed)
      : surface_(surface),
        deviation_(noise),
        seed_(seed),
        x_(static_cast<size_t>(surface.dimensions())),
        gradient_(x_.size()),
        noise_(x_.size()) {}

  void SetStep(uint64_t step) {
    if (deviation_ == 0) return;
    contract::RandomStream stream(seed_, contract::RandomPurpose::kGradientNoise, step);
    for (double& value : noise_) value = deviation_ * stream.NextNormal();
  }
  double LossAndGradient(const float* params, bool, float* gradient,
                         train::GradientConsumer<float>* consumer) override {
    std::copy_n(params, x_.size(), x_.begin());
    surface_.Gradient(x_, gradient_);
    for (size_t i = 0; i < x_.size(); ++i) gradient[i] = static_cast<float>(gradient_[i] + noise_[i]);
    if (consumer != nullptr) consumer->Consume(0, x_.size(), gradient);
    return surface_.Value(x_);
  }

 private:
  const surfaces::Surface& surface_;
  const double deviation_;
  const uint64_t seed_;
  std::vector<double> x_, gradient_, noise_;
};

class Descent {
 public:
  Descent(const v1::SurfaceWorkload& workload, uint64_t seed, const JobContext& context)
      : workload_(workload),
        context_(context),
        surface_(surfaces::CreateSurface(workload.function())),
        schedule_(*contract::Schedule::Create(workload.schedule(), {std::max<uint64_t>(workload.steps(), 1), 1})),
        x_(static_cast<size_t>(surface_->dimensions())),
        gradient_(*surface_, workload.gradient_noise(), seed),
        update_(workload.optimizer(), workload.clip(),
                std::vector<train::ParameterTensor>{{.name = "x",
                                                     .role = train::ParameterRole::kWeight,
                                                     .offset = 0,
                                                     .shape = {static_cast<int64_t>(x_.size())}}},
                nullptr) {
    Start(seed);
  }

  JobResult Run() {
    JobResult result;
    uint64_t step = 0;
    while (true) {
      const bool at_end = step == workload_.steps();
      if (at_end || step % workload_.report_every() == 0) {
        if (!std::isfinite(surface_->Value(Point()))) return Diverged(step);
        Report(step, at_end ? &result : nullptr);
      }
      if (at_end) break;
      if (context_.control != nullptr && context_.control->stopped()) {
        result.outcome = JobOutcome::kStopped;
        result.message = absl::StrCat("stopped after step ", step);
        return result;
      }
      gradient_.SetStep(step);
      const double loss = update_.Step(gradient_, x_.span(), RateAt(step), /*keep_gradient=*/false);
      if (!std::isfinite(loss)) return Diverged(step);
      ++step;
    }
    result.outcome = JobOutcome::kSucceeded;
    result.weights_digest = WeightsDigest(x_.span());
    if (context_.save_weights) context_.save_weights({step, Trajectory(result)});
    return result;
  }

 private:
  void Start(uint64_t seed) {
    const v1::SurfaceStart& start = workload_.start();
    if (start.has_point()) {
      for (size_t i = 0; i < x_.size(); ++i) x_[i] = static_cast<float>(start.point().coordinates(static_cast<int>(i)));
      return;
    }
    const v1::UniformStart& cube = start.uniform();
    const double radius = contract::SurfaceStartRadius(workload_.function());
    const double low = cube.has_low() ? cube.low() : -radius;
    const double high = cube.has_high() ? cube.high() : radius;
    contract::RandomStream stream(seed, contract::RandomPurpose::kStart, 0);
    for (float& value : x_.span()) value = static_cast<float>(low + (high - low) * stream.NextUniform());
  }

  std::vector<double> Point() const { return {x_.span().begin(), x_.span().end()}; }
  double RateAt(uint64_t step) const { return workload_.learning_rate() * schedule_->Factor(step); }

  static JobResult Diverged(uint64_t step) {
    JobResult result;
    result.outcome = JobOutcome::kDiverged;
    result.message = absl::StrCat("the loss is not finite after step ", step);
    return result;
  }

  // Names and order as contract::MetricNames. At the end, `result` gets the sentence.
  void Report(uint64_t step, JobResult* result) {
    const std::vector<double> x = Point();
    steps_.push_back(step);
    way_.insert(way_.end(), x_.span().begin(), x_.span().end());
    std::vector<v1::MetricPoint> points;
    const auto add = [&](const char* name, double value) {
      v1::MetricPoint& point = points.emplace_back();
      point.set_name(name);
      point.set_value(value);
      point.set_step(step);
      point.set_epoch(static_cast<double>(step));
      point.set_examples(step);
    };
    std::vector<double> gradient(x.size());
    surface_->Gradient(x, gradient);
    double squares = 0;
    for (const double value : gradient) squares += value * value;
    add("loss", surface_->Value(x));
    add("grad_norm", std::sqrt(squares));
    add("learning_rate", RateAt(step == 0 ? 0 : step - 1));
    add("x1", x[0]);
    if (x.size() > 1) add("x2", x[1]);
    if (result != nullptr) {
      using surfaces::EndingKind;
      const surfaces::Ending ending = surfaces::FindEnding(*surface_, x, workload_.radius());
      const bool at_point = ending.kind == EndingKind::kGlobalMinimum || ending.kind == EndingKind::kLocalMinimum ||
                            ending.kind == EndingKind::kSaddle;
      add("ended_global_minimum", ending.kind == EndingKind::kGlobalMinimum);
      add("ended_local_minimum", ending.kind == EndingKind::kLocalMinimum);
      add("ended_saddle", ending.kind == EndingKind::kSaddle);
      add("ended_nowhere", !at_point);
      result->message = surfaces::Describe(ending);
    }
    if (context_.report) context_.report(points);
  }

  std::string Trajectory(const JobResult& result) const {
    const auto bytes = [](const auto& values) {
      return std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
    };
    const std::span<const float> end = x_.span();
    return WriteSafetensors({{"format", "basin-trajectory-1"}, {"weights_digest", result.weights_digest}},
                            {{"x", TensorType::kFloat32, {x_.size()}, bytes(end)},
                             {"trajectory", TensorType::kFloat32, {steps_.size(), x_.size()}, bytes(way_)},
                             {"steps", TensorType::kUint64, {steps_.size()}, bytes(steps_)}});
  }

  const v1::SurfaceWorkload& workload_;
  const JobContext& context_;
  const std::unique_ptr<const surfaces::Surface> surface_;
  const std::unique_ptr<contract::Schedule> schedule_;
  train::AlignedBuffer<float> x_;
  NoisyGradient gradient_;
  train::ParameterUpdate update_;
  std::vector<uint64_t> steps_;  // Of the reports.
  std::vector<float> way_;       // The points at them.
};

}  // namespace

JobResult RunSurface(const v1::SurfaceWorkload& workload, uint64_t seed, const JobContext& context) {
  return Descent(workload, seed, context).Run();
}

}  // namespace basin::worker::job
