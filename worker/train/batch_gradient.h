#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/augmentation.h"
#include "worker/train/examples.h"
#include "worker/train/network.h"
#include "worker/train/optim/parameter_update.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// The mean loss of a batch of training examples and its gradient, at any parameters. A batch goes through the network
// as a whole, or in micro-batches, whose gradients are summed in their order, each weighted by its share of the batch's
// examples: the same but for rounding, in layers that treat examples one by one.
class BatchGradient final : public GradientSource {
 public:
  // Of batches of up to `batch_size` examples, up to `micro_batch_size` at once. `buffers` are the network's. The
  // arguments outlive this; `pool` may be null. Throws std::bad_alloc.
  BatchGradient(const Network<float>& network, const Examples& examples, int64_t batch_size, int64_t micro_batch_size,
                std::span<float> buffers, Network<float>::Workspace& workspace, ThreadPool* pool);

  // The examples of the batch that LossAndGradient is about, valid until the next call, and what dropouts draw for it.
  // REQUIRES: 1 to batch_size.
  void SetBatch(std::span<const uint32_t> indices, const Draw& draw);

  // Puts what `augmentation` makes of them in this epoch into the place of the batch's examples, which are `indices`.
  void Augment(Augmentation& augmentation, uint64_t epoch, std::span<const uint32_t> indices) {
    augmentation.Apply(epoch, indices, rows_.data(), pool_);
  }

  // Of several calls about one batch, the first alone changes the buffers.
  double LossAndGradient(const float* params, bool keep, float* gradient, GradientConsumer<float>* consumer) override;

 private:
  class Sum;

  const Network<float>& network_;
  const Examples& examples_;
  Network<float>::Workspace& workspace_;
  ThreadPool* const pool_;
  const int64_t micro_batch_size_;
  std::vector<const float*> rows_;
  std::vector<int32_t> labels_;
  int64_t count_ = 0;
  const std::span<float> buffers_;
  AlignedBuffer<float> other_buffers_;  // Those that are changed, for nobody, from the second call on.
  Draw draw_;
  bool is_first_call_ = true;
  AlignedBuffer<float> micro_gradient_;  // Where the network cannot do without.
};

}  // namespace basin::worker::train
