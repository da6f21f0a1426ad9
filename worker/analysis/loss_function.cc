#include "worker/analysis/loss_function.h"

#include <algorithm>

namespace basin::worker::analysis {

LossFunction::LossFunction(const train::Network<float>& network, std::span<const float> buffers,
                           const train::Examples& examples, train::ThreadPool* pool)
    : network_(network),
      pool_(pool),
      buffers_(buffers.begin(), buffers.end()),
      labels_(examples.labels, examples.labels + examples.count),
      params_(size()),
      direction_(size()),
      size_{.evaluated_rows = examples.count, .threads = pool == nullptr ? 1 : pool->threads()},
      workspace_(network, size_) {
  for (int64_t i = 0; i < examples.count; ++i) rows_.push_back(examples.features + i * examples.stride);
}

double LossFunction::Value(std::span<const float> params) {
  if (gradient_.size() == 0) gradient_ = train::AlignedBuffer<float>(size());
  return Gradient(params, gradient_.span());
}

double LossFunction::Gradient(std::span<const float> params, std::span<float> gradient) {
  return GradientOf(params, rows_, labels_, gradient);
}

double LossFunction::GradientOfBatch(std::span<const float> params, std::span<const uint32_t> indices,
                                     std::span<float> gradient) {
  batch_rows_.clear();
  batch_labels_.clear();
  for (const uint32_t index : indices) {
    batch_rows_.push_back(rows_[index]);
    batch_labels_.push_back(labels_[index]);
  }
  return GradientOf(params, batch_rows_, batch_labels_, gradient);
}

double LossFunction::GradientOf(std::span<const float> params, std::span<const float* const> rows,
                                std::span<const int32_t> labels, std::span<float> gradient) {
  std::ranges::copy(params, params_.data());
  return network_.EvaluateGradient(params_.data(), buffers_.data(),
                                   {rows.data(), labels.data(), static_cast<int64_t>(rows.size())}, gradient.data(),
                                   workspace_, pool_);
}

void LossFunction::HessianProduct(std::span<const float> params, std::span<const float> direction,
                                  std::span<float> product) {
  if (!tangents_.has_value()) tangents_.emplace(network_, size_);
  std::ranges::copy(params, params_.data());
  std::ranges::copy(direction, direction_.data());
  network_.EvaluateHessianProduct(params_.data(), buffers_.data(), {rows_.data(), labels_.data(), examples()},
                                  direction_.data(), product.data(), workspace_, *tangents_, pool_);
}

}  // namespace basin::worker::analysis
