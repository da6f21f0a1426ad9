#include <algorithm>
#include <cmath>
#include <vector>

#include "proto/contract/portable_math/portable_math.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/elementwise.h"
#include "worker/train/optim/methods.h"
#include "worker/train/optim/tensor_sums.h"

namespace basin::worker::train {
namespace {

class Lamb final : public Optimizer {
 public:
  Lamb(const v1::Lamb& spec, Tensors tensors)
      : spec_(spec), sums_(tensors), means_(ParameterCount(tensors)), squares_(means_.size()) {
    for (const ParameterTensor& tensor : tensors) {
      const bool is_weight = tensor.role == ParameterRole::kWeight;
      const bool decays = is_weight || spec.decay_biases_and_norms();
      tensors_.push_back({.end = tensor.offset + tensor.size(),
                          .weight_decay = decays ? static_cast<float>(spec.weight_decay()) : 0,
                          .adapts = is_weight || spec.adapt_biases_and_norms(),
                          .minus_rate = 0});
    }
  }

  bool needs_whole_gradient() const override { return true; }

  void BeginStep(double rate) override {
    ++steps_;
    rate_ = rate;
    scale1_ = static_cast<float>(1 / (1 - contract::PortablePower(spec_.beta1(), steps_)));
    root_scale2_ = static_cast<float>(1 / std::sqrt(1 - contract::PortablePower(spec_.beta2(), steps_)));
  }

  // Moves the averages, and finds each tensor's rate by the norm of its direction, which Update computes again.
  void SeeGradient(const float* params, const float* gradient, ThreadPool* pool) override {
    const auto sums = sums_.Compute(pool, [&](size_t tensor, size_t begin, size_t end) {
      MoveAverages(gradient + begin, begin, end - begin);
      return TensorSums::Sums{SumOfSquares(params + begin, end - begin),
                              SquaredDirection(tensors_[tensor], params + begin, begin, end - begin)};
    });
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const double norm = std::sqrt(sums[i][0]), direction_norm = std::sqrt(sums[i][1]);
      const bool adapts = tensors_[i].adapts && norm > 0 && direction_norm > 0;
      tensors_[i].minus_rate = static_cast<float>(-rate_ * (adapts ? norm / direction_norm : 1));
    }
  }

  void Update(float* params, const float*, size_t begin, size_t end) override {
    auto tensor = std::upper_bound(tensors_.begin(), tensors_.end(), begin,
                                   [](size_t element, const Tensor& t) { return element < t.end; });
    for (; begin < end; ++tensor) {
      const size_t to = std::min(end, tensor->end);
      const FloatPacket minus_rate = Broadcast(tensor->minus_rate);
      const Direction direction(*this, *tensor);
      ForPackets<1, 2>({params + begin}, {means_.data() + begin, squares_.data() + begin}, to - begin,
                       [&](FloatPacket* updated, const FloatPacket* read) {
                         updated[0] = MultiplyAdd(minus_rate, direction(updated[0], read[0], read[1]), updated[0]);
                       });
      begin = to;
    }
  }

  void VisitState(StateVisitor& visitor) override {
    visitor.Floats("means", means_.span());
    visitor.Floats("squares", squares_.span());
    visitor.Count("steps", steps_);
  }

 private:
  struct Tensor {
    size_t end;
    float weight_decay;
    bool adapts;
    float minus_rate;  // Of this step.
  };

  // r + weight_decay * w of the proto.
  class Direction {
   public:
    [[gnu::always_inline]] Direction(const Lamb& lamb, const Tensor& tensor)
        : scale1_(Broadcast(lamb.scale1_)),
          root_scale2_(Broadcast(lamb.root_scale2_)),
          epsilon_(Broadcast(static_cast<float>(lamb.spec_.epsilon()))),
          weight_decay_(Broadcast(tensor.weight_decay)) {}
    [[gnu::always_inline]] FloatPacket operator()(const FloatPacket& w, const FloatPacket& mean,
                                                  const FloatPacket& square) const {
      const FloatPacket divisor = MultiplyAdd(SquareRoot(square), root_scale2_, epsilon_);
      return MultiplyAdd(weight_decay_, w, Divide(Multiply(scale1_, mean), divisor));
    }

   private:
    const FloatPacket scale1_, root_scale2_, epsilon_, weight_decay_;
  };

  void MoveAverages(const float* gradient, size_t first, size_t count) {
    const FloatPacket beta1 = Broadcast(static_cast<float>(spec_.beta1())),
                      rest1 = Broadcast(static_cast<float>(1 - spec_.beta1())),
                      beta2 = Broadcast(static_cast<float>(spec_.beta2())),
                      rest2 = Broadcast(static_cast<float>(1 - spec_.beta2()));
    ForPackets<2, 1>({means_.data() + first, squares_.data() + first}, {gradient}, count,
                     [&](FloatPacket* updated, const FloatPacket* read) {
                       const FloatPacket g = read[0];
                       updated[0] = MultiplyAdd(beta1, updated[0], Multiply(rest1, g));
                       updated[1] = MultiplyAdd(beta2, updated[1], Multiply(Multiply(rest2, g), g));
                     });
  }

  double SquaredDirection(const Tensor& tensor, const float* params, size_t first, size_t count) const {
    constexpr size_t kPart = 512;
    alignas(64) float values[kPart];
    const Direction direction(*this, tensor);
    double sum = 0;
    for (size_t begin = 0; begin < count; begin += kPart) {
      const size_t size = std::min(kPart, count - begin);
      ForPackets<1, 3>(
          {values}, {params + begin, means_.data() + first + begin, squares_.data() + first + begin}, size,
          [&](FloatPacket* updated, const FloatPacket* read) { updated[0] = direction(read[0], read[1], read[2]); });
      sum += SumOfSquares(values, size);
    }
    return sum;
  }

  const v1::Lamb spec_;
  std::vector<Tensor> tensors_;
  TensorSums sums_;
  AlignedBuffer<float> means_, squares_;
  uint64_t steps_ = 0;
  double rate_ = 0;
  float scale1_ = 0, root_scale2_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> CreateLamb(const v1::Lamb& spec, Tensors tensors) {
  return std::make_unique<Lamb>(spec, tensors);
}

}  // namespace basin::worker::train
