#include "worker/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/training_length.h"
#include "worker/train/initialization.h"

namespace basin::worker::train {
namespace {

int64_t BatchSize(const v1::TrainWorkload& workload, int64_t train_size) {
  return workload.batch_size() == contract::kFullBatch ? train_size : int64_t{workload.batch_size()};
}

// Updates each part of the parameters as soon as its gradient is there.
class FusedUpdate final : public GradientConsumer<float> {
 public:
  FusedUpdate(SgdOptimizer& optimizer, float* params, double rate)
      : optimizer_(optimizer), params_(params), rate_(rate) {}
  void Consume(size_t begin, size_t end, const float* piece) override {
    optimizer_.StepRange(params_, piece, begin, end, rate_);
  }

 private:
  SgdOptimizer& optimizer_;
  float* const params_;
  const double rate_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const v1::TrainWorkload& workload, uint64_t seed,
                                                         const TrainingData& data, ThreadPool* pool) {
  absl::StatusOr<contract::TrainingLength> length =
      contract::LengthOfTraining(workload, static_cast<uint64_t>(data.train.count));
  if (!length.ok()) return length.status();
  absl::StatusOr<std::unique_ptr<contract::Schedule>> schedule =
      contract::Schedule::Create(workload.schedule(), *length);
  if (!schedule.ok()) {
    return absl::Status(schedule.status().code(), absl::StrCat("train.schedule.", schedule.status().message()));
  }
  return std::unique_ptr<Trainer>(new Trainer(workload, seed, data, pool, *length, *std::move(schedule)));
}

Trainer::Trainer(const v1::TrainWorkload& workload, uint64_t seed, const TrainingData& data, ThreadPool* pool,
                 const contract::TrainingLength& length, std::unique_ptr<contract::Schedule> schedule)
    : data_(data),
      pool_(pool),
      length_(length),
      base_rate_(workload.learning_rate()),
      schedule_(std::move(schedule)),
      network_(ShapeOf(workload.model(), data.train.feature_count, data.classes)),
      params_(network_.shape().parameter_count),
      gradient_(network_.shape().parameter_count),
      optimizer_(SgdOptimizer::FromProto(workload.optimizer().sgd()), network_.shape().parameter_count),
      order_(seed, data.train.count, BatchSize(workload, data.train.count), workload.drop_last()),
      workspace_(network_.shape(),
                 std::max({BatchSize(workload, data.train.count), data.validation.count, data.test.count}),
                 pool == nullptr ? 1 : pool->threads()),
      rows_(static_cast<size_t>(BatchSize(workload, data.train.count))),
      labels_(rows_.size()) {
  Initialize(workload.model().initialization(), seed, network_.shape(), params_.span());
}

Batch<float> Trainer::Gather(std::span<const uint32_t> indices) {
  const Examples& train = data_.train;
  for (size_t i = 0; i < indices.size(); ++i) {
    rows_[i] = train.features + static_cast<int64_t>(indices[i]) * train.stride;
    labels_[i] = train.labels[indices[i]];
  }
  return {rows_.data(), labels_.data(), static_cast<int64_t>(indices.size())};
}

double Trainer::Step() {
  const uint64_t epoch = step_ / length_.steps_per_epoch;
  const auto index = static_cast<int64_t>(step_ % length_.steps_per_epoch);
  if (index == 0) {
    epoch_loss_ = 0;
    epoch_first_example_ = examples_;
  }
  const Batch<float> batch = Gather(order_.Batch(epoch, index));
  rate_ = base_rate_ * schedule_->Factor(step_);
  FusedUpdate update(optimizer_, params_.data(), rate_);
  const bool keeps_gradient = EndsEpoch(step_ + 1) || batch.count > Network<float>::kChunkRows;
  const double loss = network_.LossAndGradient(params_.data(), batch, keeps_gradient ? gradient_.data() : nullptr,
                                               workspace_, pool_, &update);
  optimizer_.FinishStep();
  epoch_loss_ += loss * static_cast<double>(batch.count);
  examples_ += static_cast<uint64_t>(batch.count);
  ++step_;
  return loss;
}

Network<float>::Score Trainer::EvaluateOn(const Examples& examples) {
  constexpr int64_t kRows = Network<float>::kChunkRows;
  const float* rows[kRows];
  double loss = 0, correct = 0;
  for (int64_t first = 0; first < examples.count; first += kRows) {
    const int64_t count = std::min(kRows, examples.count - first);
    for (int64_t i = 0; i < count; ++i) rows[i] = examples.features + (first + i) * examples.stride;
    const Network<float>::Score score =
        network_.Evaluate(params_.data(), {rows, examples.labels + first, count}, workspace_, pool_);
    loss += score.loss * static_cast<double>(count);
    correct += score.accuracy * static_cast<double>(count);
  }
  return {loss / static_cast<double>(examples.count), std::round(correct) / static_cast<double>(examples.count)};
}

EpochReport Trainer::Evaluate() {
  const Network<float>::Score validation = EvaluateOn(data_.validation);
  const Network<float>::Score test = EvaluateOn(data_.test);
  return {.step = step_,
          .epoch = static_cast<double>(step_) / static_cast<double>(length_.steps_per_epoch),
          .examples = examples_,
          .train_loss = epoch_loss_ / static_cast<double>(examples_ - epoch_first_example_),
          .validation_loss = validation.loss,
          .validation_accuracy = validation.accuracy,
          .test_loss = test.loss,
          .test_accuracy = test.accuracy,
          .learning_rate = rate_,
          .gradient_norm = Norm(gradient_.span())};
}

Trainer::Outcome Trainer::Run(const std::function<void(const EpochReport&)>& report, const std::atomic<bool>* stop,
                              uint64_t pause_at) {
  while (step_ < length_.total_steps) {
    if (step_ >= pause_at) return Outcome::kStopped;
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return Outcome::kStopped;
    if (!std::isfinite(Step())) {
      --step_;
      return Outcome::kDiverged;
    }
    if (EndsEpoch(step_)) {
      const EpochReport epoch = Evaluate();
      report(epoch);
      if (!std::isfinite(epoch.validation_loss) || !std::isfinite(epoch.test_loss)) return Outcome::kDiverged;
    }
  }
  return Outcome::kFinished;
}

void Trainer::VisitState(StateVisitor& visitor) {
  visitor.Count("step", step_);
  visitor.Count("examples", examples_);
  visitor.Double("rate", rate_);
  visitor.Double("epoch_loss", epoch_loss_);
  visitor.Count("epoch_first_example", epoch_first_example_);
  {
    const StateVisitor::Scope scope(visitor, "weights");
    for (const ParameterTensor& tensor : network_.shape().parameters) {
      visitor.Floats(tensor.name, params_.span().subspan(tensor.offset, tensor.size()));
    }
  }
  const StateVisitor::Scope scope(visitor, "optimizer");
  optimizer_.VisitState(visitor);
}

double Norm(std::span<const float> values) {
  double sums[8] = {};
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) {
      const auto value = static_cast<double>(values[i + lane]);
      sums[lane] = std::fma(value, value, sums[lane]);
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; i < values.size(); ++i) total = std::fma(static_cast<double>(values[i]), values[i], total);
  return std::sqrt(total);
}

}  // namespace basin::worker::train
