#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/elementwise.h"
#include "worker/train/optim/methods.h"
#include "worker/train/optim/parallel.h"

namespace basin::worker::train {
namespace {

// Gives its base the gradient of the point where the loss is greatest nearby, to first order.
class Sam final : public Optimizer {
 public:
  Sam(const v1::Sam& spec, Tensors tensors)
      : rho_(spec.rho()), base_(Optimizer::Create(spec.base(), tensors)), point_(ParameterCount(tensors)) {}

  bool needs_whole_gradient() const override { return base_->needs_whole_gradient(); }
  void SeeGradient(const float* params, const float* gradient, ThreadPool* pool) override {
    base_->SeeGradient(params, gradient, pool);
  }

  bool needs_second_gradient() const override { return true; }
  const float* SecondPoint(const float* params, const float* gradient, double norm, ThreadPool* pool) override {
    const FloatPacket scale = Broadcast(norm > 0 ? static_cast<float>(rho_ / norm) : 0.0f);
    ForElements(pool, point_.size(), [&](size_t begin, size_t end) {
      ForPackets<1, 2>(
          {point_.data() + begin}, {params + begin, gradient + begin}, end - begin,
          [&](FloatPacket* updated, const FloatPacket* read) { updated[0] = MultiplyAdd(scale, read[1], read[0]); });
    });
    return point_.data();
  }

  void BeginStep(double rate) override { base_->BeginStep(rate); }
  void Update(float* params, const float* gradient, size_t begin, size_t end) override {
    base_->Update(params, gradient, begin, end);
  }

  // The point is made anew in each step.
  void VisitState(StateVisitor& visitor) override {
    const StateVisitor::Scope scope(visitor, "base");
    base_->VisitState(visitor);
  }

 private:
  const double rho_;
  const std::unique_ptr<Optimizer> base_;
  AlignedBuffer<float> point_;
};

}  // namespace

std::unique_ptr<Optimizer> CreateSam(const v1::Sam& spec, Tensors tensors) {
  return std::make_unique<Sam>(spec, tensors);
}

}  // namespace basin::worker::train
