#include "worker/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/random/philox.h"
#include "proto/contract/schedule/training_length.h"
#include "proto/contract/violation.h"
#include "worker/train/initialization.h"

namespace basin::worker::train {
namespace {

int64_t BatchSize(const v1::TrainWorkload& workload, int64_t train_size) {
  return static_cast<int64_t>(contract::BatchSize(workload, static_cast<uint64_t>(train_size)));
}

int64_t MicroBatchSize(const v1::TrainWorkload& workload, int64_t train_size) {
  return static_cast<int64_t>(contract::MicroBatchSize(workload, static_cast<uint64_t>(train_size)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const v1::TrainWorkload& workload, uint64_t seed,
                                                         const TrainingData& data, ThreadPool* pool) {
  absl::StatusOr<contract::TrainingLength> length =
      contract::LengthOfTraining(workload, static_cast<uint64_t>(data.train.count));
  if (!length.ok()) return length.status();
  absl::StatusOr<std::unique_ptr<contract::Schedule>> schedule = contract::Schedule::Of(workload, *length);
  if (!schedule.ok()) return schedule.status();
  absl::StatusOr<NetworkShape> shape = ShapeOf(workload.model(), data.train.feature_count, data.image, data.classes);
  if (!shape.ok()) return shape.status();
  absl::Status batches =
      CheckBatches(*shape, BatchSize(workload, data.train.count), MicroBatchSize(workload, data.train.count),
                   data.train.count, workload.drop_last());
  if (!batches.ok()) return batches;
  absl::StatusOr<std::unique_ptr<Augmentation>> augmentation =
      Augmentation::Create(workload.dataset().augmentation(), seed, data, BatchSize(workload, data.train.count));
  if (!augmentation.ok()) return augmentation.status();
  auto trainer = std::unique_ptr<Trainer>(
      new Trainer(workload, seed, data, pool, *length, *std::move(schedule), *std::move(shape)));
  trainer->augmentation_ = *std::move(augmentation);
  auto averaging = Averaging::Create(workload.averaging(), *length, trainer->rate_factor_.schedule(),
                                     trainer->params_.size(), trainer->buffers_.size());
  if (!averaging.ok()) return contract::Under("train.averaging.", averaging.status());
  trainer->averaging_ = *std::move(averaging);
  return trainer;
}

Trainer::Trainer(const v1::TrainWorkload& workload, uint64_t seed, const TrainingData& data, ThreadPool* pool,
                 const contract::TrainingLength& length, std::unique_ptr<contract::Schedule> schedule,
                 NetworkShape shape)
    : seed_(seed),
      data_(data),
      pool_(pool),
      length_(length),
      base_rate_(contract::BaseRate(workload, static_cast<uint64_t>(data.train.count))),
      rate_factor_(std::move(schedule)),
      network_(std::move(shape), Loss::FromProto(workload.loss())),
      params_(network_.shape().parameter_count),
      buffers_(network_.shape().buffer_count),
      update_(workload.optimizer(), workload.clip(), network_.shape().parameters, pool),
      order_(seed, data.train.count, BatchSize(workload, data.train.count), workload.drop_last(), workload.sampling()),
      workspace_(network_, {.batch_rows = MicroBatchSize(workload, data.train.count),
                            .evaluated_rows = LongestPart(data),
                            .threads = pool == nullptr ? 1 : pool->threads()}),
      batch_gradient_(network_, data.train, BatchSize(workload, data.train.count),
                      MicroBatchSize(workload, data.train.count), buffers_.span(), workspace_, pool),
      stopping_(workload.stopping(), AveragedMetrics(workload.averaging()), params_.size(), buffers_.size()),
      averaged_buffers_(workload.has_averaging() ? buffers_.size() : 0),
      micro_batch_size_(MicroBatchSize(workload, data.train.count)),
      last_step_(length.total_steps) {
  Initialize(workload.model().initialization(), seed, network_.shape(), params_.span());
  InitializeBuffers(network_.shape(), buffers_.span());
}

double Trainer::Step() {
  const uint64_t epoch = step_ / length_.steps_per_epoch;
  const auto index = static_cast<int64_t>(step_ % length_.steps_per_epoch);
  if (index == 0) {
    epoch_loss_ = 0;
    epoch_first_example_ = examples_;
  }
  const std::span<const uint32_t> batch = order_.Batch(epoch, index);
  batch_gradient_.SetBatch(batch, {.seed = seed_, .step = step_});
  if (augmentation_ != nullptr) batch_gradient_.Augment(*augmentation_, epoch, batch);
  rate_ = base_rate_ * rate_factor_.At(step_);
  const double loss = update_.Step(batch_gradient_, params_.span(), rate_, EndsEpoch(step_ + 1));
  epoch_loss_ += loss * static_cast<double>(batch.size());
  examples_ += batch.size();
  ++step_;
  averaging_->Observe(step_, params_.span(), buffers_.span());
  return loss;
}

void Trainer::ForBatches(const Examples& examples,
                         const std::function<void(const Batch<float>& batch, int64_t first)>& visit) const {
  constexpr int64_t kRows = 512;
  const float* rows[kRows];
  for (int64_t first = 0; first < examples.count; first += kRows) {
    const int64_t count = std::min(kRows, examples.count - first);
    for (int64_t i = 0; i < count; ++i) rows[i] = examples.features + (first + i) * examples.stride;
    visit({rows, examples.labels + first, count}, first);
  }
}

Network<float>::Score Trainer::EvaluateOn(const Examples& examples, const float* params, const float* buffers) {
  double loss = 0, correct = 0;
  ForBatches(examples, [&](const Batch<float>& batch, int64_t) {
    const Network<float>::Score score = network_.Evaluate(params, buffers, batch, workspace_, pool_);
    loss += score.loss * static_cast<double>(batch.count);
    correct += score.accuracy * static_cast<double>(batch.count);
  });
  return {loss / static_cast<double>(examples.count), std::round(correct) / static_cast<double>(examples.count)};
}

void Trainer::PredictOn(const Examples& examples, const SnapshotEnsemble::Member& network, Predictions* predictions) {
  const int64_t classes = data_.classes;
  predictions->probabilities.resize(static_cast<size_t>(examples.count * classes));
  predictions->losses.resize(static_cast<size_t>(examples.count));
  ForBatches(examples, [&](const Batch<float>& batch, int64_t first) {
    network_.Predict(network.params.data(), network.buffers.data(), batch,
                     predictions->probabilities.data() + first * classes, predictions->losses.data() + first,
                     workspace_, pool_);
  });
}

PartScores Trainer::ScoresOf(const float* params, const float* buffers) {
  const Network<float>::Score validation = EvaluateOn(data_.validation, params, buffers);
  const Network<float>::Score test = EvaluateOn(data_.test, params, buffers);
  return {validation.loss, validation.accuracy, test.loss, test.accuracy};
}

std::span<const float> Trainer::BuffersOfAverage(std::span<const float> params) {
  if (averaged_buffers_.size() == 0) return {};
  // The mean over batches (PyTorch update_bn), each with the weight of its examples, of a permutation: the batches of
  // data that lie sorted would each have seen one class. A last example alone has no variance and is left out. What
  // dropouts draw does not depend on the step, so that an average measured again has the same bits.
  InitializeBuffers(network_.shape(), averaged_buffers_.span());
  const Examples& train = data_.train;
  std::vector<uint32_t> order(static_cast<size_t>(train.count));
  Permute(contract::RandomStream(seed_, contract::RandomPurpose::kNormOrder, 0), order);
  std::vector<const float*> rows;
  std::vector<int32_t> labels;
  for (int64_t first = 0; first < train.count; first += micro_batch_size_) {
    const int64_t end = std::min(first + micro_batch_size_, train.count);
    if (end - first == 1 && first > 0) break;
    rows.clear(), labels.clear();
    for (int64_t i = first; i < end; ++i) {
      const int64_t example = order[static_cast<size_t>(i)];
      rows.push_back(train.features + example * train.stride);
      labels.push_back(train.labels[example]);
    }
    network_.UpdateBuffers(params.data(), averaged_buffers_.data(),
                           {rows.data(), labels.data(), end - first, {.seed = seed_, .step = 0}},
                           static_cast<double>(end - first) / static_cast<double>(end), workspace_, pool_);
  }
  return averaged_buffers_.span();
}

PartScores Trainer::ScoresOfAverage(std::span<const float> params) {
  return ScoresOf(params.data(), BuffersOfAverage(params).data());
}

EpochReport Trainer::Evaluate() {
  const PartScores scores = ScoresOf(params_.data(), buffers_.data());
  EpochReport report = {.step = step_,
                        .epoch = static_cast<double>(step_) / static_cast<double>(length_.steps_per_epoch),
                        .examples = examples_,
                        .train_loss = epoch_loss_ / static_cast<double>(examples_ - epoch_first_example_),
                        .validation_loss = scores.validation_loss,
                        .validation_accuracy = scores.validation_accuracy,
                        .test_loss = scores.test_loss,
                        .test_accuracy = scores.test_accuracy,
                        .learning_rate = rate_,
                        .gradient_norm = update_.gradient_norm(),
                        .further = {}};
  averaging_->AddTo(report, data_,
                    {.score = [this](std::span<const float> params) { return ScoresOfAverage(params); },
                     .predict = [this](const Examples& examples, const SnapshotEnsemble::Member& network,
                                       Predictions* predictions) { PredictOn(examples, network, predictions); }});
  stopping_.AddTo(report);
  return report;
}

bool Trainer::EndsWith(const EpochReport& report) {
  std::optional<std::string> reason = stopping_.Observe(report, params_.span(), buffers_.span());
  if (rate_factor_.Observe(report) && !reason) reason = "plateau: the rate's factor fell below stop_below";
  if (reason) ending_ = absl::StrCat(*reason, "; ended after step ", step_);
  return reason.has_value();
}

Trainer::Outcome Trainer::Run(const std::function<void(const EpochReport&)>& report, const std::atomic<bool>* stop,
                              uint64_t pause_at) {
  while (step_ < last_step_) {
    if (step_ >= pause_at) return Outcome::kStopped;
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return Outcome::kStopped;
    if (stopping_.TimeIsUp()) {
      set_last_step(step_ + 1);
      ending_ = absl::StrCat("time is up; ended after step ", last_step_);
    }
    if (!std::isfinite(Step())) {
      --step_;
      return Outcome::kDiverged;
    }
    if (EndsEpoch(step_)) {
      const EpochReport epoch = Evaluate();
      report(epoch);
      if (stopping_.IsDivergence(epoch)) return Outcome::kDiverged;
      if (EndsWith(epoch)) break;
    }
  }
  if (stopping_.keeps_best() && stopping_.best_report().step != step_) {
    std::ranges::copy(stopping_.best_params(), params_.data());
    std::ranges::copy(stopping_.best_buffers(), buffers_.data());
    report(stopping_.best_report());
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
    for (const ParameterTensor& tensor : network_.shape().buffers) {
      visitor.Floats(tensor.name, buffers_.span().subspan(tensor.offset, tensor.size()));
    }
  }
  {
    const StateVisitor::Scope scope(visitor, "rate_factor");
    rate_factor_.VisitState(visitor);
  }
  {
    const StateVisitor::Scope scope(visitor, "stopping");
    stopping_.VisitState(visitor);
  }
  {
    const StateVisitor::Scope scope(visitor, "averaging");
    averaging_->VisitState(visitor);
  }
  update_.VisitState(visitor);
}

}  // namespace basin::worker::train
