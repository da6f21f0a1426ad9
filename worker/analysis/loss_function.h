#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "worker/analysis/symmetric_operator.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/examples.h"
#include "worker/train/network.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::analysis {

// The mean loss of a network over examples as a function of its parameters: what training minimizes, label smoothing
// included, but over all these examples at once, without dropout, and with the running averages of batch norms fixed.
// What an optimizer adds to the gradient (L2 regularization) is no part of it. Results have the same bits for any
// number of threads.
class LossFunction {
 public:
  // `buffers` are the network's running averages, and are copied. `network`, the examples and `pool`, which may be
  // null, outlive this. REQUIRES: an example or more. Throws std::bad_alloc.
  LossFunction(const train::Network<float>& network, std::span<const float> buffers, const train::Examples& examples,
               train::ThreadPool* pool);

  size_t size() const { return network_.shape().parameter_count; }
  int64_t examples() const { return static_cast<int64_t>(rows_.size()); }

  double Value(std::span<const float> params);
  double Gradient(std::span<const float> params, std::span<float> gradient);
  // Over some of the examples alone, each once at most.
  double GradientOfBatch(std::span<const float> params, std::span<const uint32_t> indices, std::span<float> gradient);
  // The Hessian at `params` times `direction`, exactly.
  void HessianProduct(std::span<const float> params, std::span<const float> direction, std::span<float> product);

 private:
  double GradientOf(std::span<const float> params, std::span<const float* const> rows, std::span<const int32_t> labels,
                    std::span<float> gradient);

  const train::Network<float>& network_;
  train::ThreadPool* const pool_;
  const std::vector<float> buffers_;
  std::vector<const float*> rows_;
  std::vector<int32_t> labels_;
  std::vector<const float*> batch_rows_;  // Of a batch.
  std::vector<int32_t> batch_labels_;
  train::AlignedBuffer<float> params_, direction_, gradient_;
  const train::WorkspaceSize size_;
  train::Network<float>::Workspace workspace_;
  std::optional<train::Network<float>::Workspace> tangents_;  // From the first product on.
};

// The Hessian of a loss at one place. Both outlive this.
class Hessian final : public SymmetricOperator {
 public:
  Hessian(LossFunction& loss, std::span<const float> params) : loss_(loss), params_(params) {}

  size_t size() const override { return params_.size(); }
  void Multiply(std::span<const float> x, std::span<float> product) override {
    loss_.HessianProduct(params_, x, product);
  }

 private:
  LossFunction& loss_;
  const std::span<const float> params_;
};

}  // namespace basin::worker::analysis
