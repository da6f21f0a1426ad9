#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/elementwise.h"
#include "worker/train/optim/methods.h"
#include "worker/train/optim/tensor_sums.h"

namespace basin::worker::train {
namespace {

class Lars final : public Optimizer {
 public:
  Lars(const v1::Lars& spec, Tensors tensors) : spec_(spec), sums_(tensors), velocity_(ParameterCount(tensors)) {
    for (const ParameterTensor& tensor : tensors) {
      const bool is_weight = tensor.role == ParameterRole::kWeight;
      tensors_.push_back({.end = tensor.offset + tensor.size(),
                          .l2 = is_weight || spec.decay_biases_and_norms() ? spec.l2() : 0,
                          .adapts = is_weight || spec.adapt_biases_and_norms(),
                          .rate = 0});
    }
  }

  bool needs_whole_gradient() const override { return true; }

  void BeginStep(double rate) override { rate_ = rate; }

  void SeeGradient(const float* params, const float* gradient, ThreadPool* pool) override {
    const auto sums = sums_.Compute(pool, [&](size_t, size_t begin, size_t end) {
      return TensorSums::Sums{SumOfSquares(params + begin, end - begin), SumOfSquares(gradient + begin, end - begin)};
    });
    for (size_t i = 0; i < tensors_.size(); ++i) {
      Tensor& tensor = tensors_[i];
      const double norm = std::sqrt(sums[i][0]), gradient_norm = std::sqrt(sums[i][1]);
      double ratio = 1;
      if (tensor.adapts && norm > 0 && gradient_norm > 0) {
        ratio = spec_.trust_coefficient() * norm / (gradient_norm + tensor.l2 * norm);
      }
      tensor.rate = static_cast<float>(rate_ * ratio);
    }
  }

  void Update(float* params, const float* gradient, size_t begin, size_t end) override {
    const FloatPacket momentum = Broadcast(static_cast<float>(spec_.momentum()));
    auto tensor = std::upper_bound(tensors_.begin(), tensors_.end(), begin,
                                   [](size_t element, const Tensor& t) { return element < t.end; });
    for (size_t from = begin; from < end; ++tensor) {
      const size_t to = std::min(end, tensor->end);
      const FloatPacket l2 = Broadcast(static_cast<float>(tensor->l2)), rate = Broadcast(tensor->rate);
      ForPackets<2, 1>({params + from, velocity_.data() + from}, {gradient + (from - begin)}, to - from,
                       [&](FloatPacket* updated, const FloatPacket* read) {
                         FloatPacket& w = updated[0];
                         FloatPacket& velocity = updated[1];
                         velocity = MultiplyAdd(rate, MultiplyAdd(l2, w, read[0]), Multiply(momentum, velocity));
                         w = packet::psub(w, velocity);
                       });
      from = to;
    }
  }

  void VisitState(StateVisitor& visitor) override { visitor.Floats("velocity", velocity_.span()); }

 private:
  struct Tensor {
    size_t end;
    double l2;
    bool adapts;
    float rate;  // Of this step.
  };
  const v1::Lars spec_;
  std::vector<Tensor> tensors_;
  TensorSums sums_;
  AlignedBuffer<float> velocity_;
  double rate_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> CreateLars(const v1::Lars& spec, Tensors tensors) {
  return std::make_unique<Lars>(spec, tensors);
}

}  // namespace basin::worker::train
