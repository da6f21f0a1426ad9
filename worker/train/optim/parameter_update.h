#pragma once

#include <memory>
#include <span>

#include "basin/v1/workload.pb.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/network.h"
#include "worker/train/optim/gradient_clip.h"
#include "worker/train/optim/optimizer.h"
#include "worker/train/optim/tensor_sums.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// A batch's mean loss and its gradient, as functions of the parameters.
class GradientSource {
 public:
  virtual ~GradientSource() = default;
  // Returns the loss. The gradient is given to `consumer` (may be null) as it becomes ready, and is in `gradient` at
  // the end if `keep`; otherwise `gradient` is left with arbitrary values. The same in each call for the same
  // parameters.
  virtual double LossAndGradient(const float* params, bool keep, float* gradient,
                                 GradientConsumer<float>* consumer) = 0;
};

// How a step changes the parameters: the gradient, of one point or of two, its clipping, and the optimizer. Where the
// method works element by element, each piece of the parameters is updated as soon as its gradient is there, while it
// is in the cache; others take the gradient after it is whole.
class ParameterUpdate {
 public:
  // `optimizer` has its defaults filled in and is valid; `clip` may be empty; `pool` (may be null) outlives this.
  // Throws std::bad_alloc.
  ParameterUpdate(const v1::Optimizer& optimizer, const v1::Clip& clip, std::span<const ParameterTensor> tensors,
                  ThreadPool* pool);

  // One update at the given learning rate; returns the batch's mean loss before it. gradient() and gradient_norm() are
  // then defined if `keep_gradient`.
  double Step(GradientSource& source, std::span<float> params, double rate, bool keep_gradient);

  // Of the last step's mean loss, as the optimizer took it: clipped, and with sam at the second point.
  std::span<const float> gradient() const { return gradient_.span(); }
  // The L2 norm of the last step's gradient at the parameters before it, not clipped.
  double gradient_norm() const { return norm_; }

  void VisitState(StateVisitor& visitor);

 private:
  class Fused;
  double Norm();

  ThreadPool* const pool_;
  const GradientClip clip_;
  const std::unique_ptr<Optimizer> optimizer_;
  TensorSums sums_;
  AlignedBuffer<float> gradient_;
  double norm_ = 0;
};

}  // namespace basin::worker::train
