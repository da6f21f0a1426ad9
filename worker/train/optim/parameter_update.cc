#include "worker/train/optim/parameter_update.h"

#include <cmath>

#include "worker/train/optim/methods.h"
#include "worker/train/optim/parallel.h"

namespace basin::worker::train {

class ParameterUpdate::Fused final : public GradientConsumer<float> {
 public:
  Fused(Optimizer& optimizer, float* params) : optimizer_(optimizer), params_(params) {}
  void Consume(size_t begin, size_t end, const float* piece) override { optimizer_.Update(params_, piece, begin, end); }

 private:
  Optimizer& optimizer_;
  float* const params_;
};

ParameterUpdate::ParameterUpdate(const v1::Optimizer& optimizer, const v1::Clip& clip, Tensors tensors,
                                 ThreadPool* pool)
    : pool_(pool),
      clip_(clip),
      optimizer_(Optimizer::Create(optimizer, tensors)),
      sums_(tensors),
      gradient_(ParameterCount(tensors)) {}

double ParameterUpdate::Norm() {
  double total = 0;
  for (const TensorSums::Sums& sums : sums_.Compute(pool_, [this](size_t, size_t begin, size_t end) {
         return TensorSums::Sums{SumOfSquares(gradient_.data() + begin, end - begin), 0};
       })) {
    total += sums[0];
  }
  return std::sqrt(total);
}

double ParameterUpdate::Step(GradientSource& source, std::span<float> params, double rate, bool keep_gradient) {
  optimizer_->BeginStep(rate);
  const float* point = params.data();
  double loss = 0;
  const bool two_gradients = optimizer_->needs_second_gradient();
  if (two_gradients) {
    loss = source.LossAndGradient(point, true, gradient_.data(), nullptr);
    norm_ = Norm();
    point = optimizer_->SecondPoint(point, gradient_.data(), norm_, pool_);
  }
  if (!clip_.by_norm() && !clip_.by_value() && !optimizer_->needs_whole_gradient()) {
    Fused fused(*optimizer_, params.data());
    const double loss_at_point = source.LossAndGradient(point, keep_gradient, gradient_.data(), &fused);
    if (two_gradients) return loss;
    if (keep_gradient) norm_ = Norm();
    return loss_at_point;
  }

  const double loss_at_point = source.LossAndGradient(point, true, gradient_.data(), nullptr);
  const double norm_at_point = clip_.by_norm() || (keep_gradient && !two_gradients) ? Norm() : 0;
  if (!two_gradients) {
    loss = loss_at_point;
    norm_ = norm_at_point;
  }
  const auto clip = [&](size_t begin, size_t end) {
    clip_.Apply(norm_at_point, gradient_.data() + begin, end - begin);
  };
  if (optimizer_->needs_whole_gradient()) {
    if (clip_.by_norm() || clip_.by_value()) ForElements(pool_, gradient_.size(), clip);
    optimizer_->SeeGradient(params.data(), gradient_.data(), pool_);
  }
  ForElements(pool_, gradient_.size(), [&](size_t begin, size_t end) {
    if (!optimizer_->needs_whole_gradient()) clip(begin, end);
    optimizer_->Update(params.data(), gradient_.data() + begin, begin, end);
  });
  return loss;
}

void ParameterUpdate::VisitState(StateVisitor& visitor) {
  const StateVisitor::Scope scope(visitor, "optimizer");
  optimizer_->VisitState(visitor);
}

}  // namespace basin::worker::train
