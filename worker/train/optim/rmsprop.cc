#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/decay_ranges.h"
#include "worker/train/optim/elementwise.h"
#include "worker/train/optim/methods.h"

namespace basin::worker::train {
namespace {

class Rmsprop final : public Optimizer {
 public:
  Rmsprop(const v1::Rmsprop& spec, Tensors tensors)
      : spec_(spec),
        decay_(spec.l2(), spec.decay_biases_and_norms(), tensors),
        squares_(ParameterCount(tensors)),
        means_(spec.centered() ? squares_.size() : 0),
        velocity_(spec.momentum() != 0 ? squares_.size() : 0) {}

  void BeginStep(double rate) override { minus_rate_ = static_cast<float>(-rate); }

  void Update(float* params, const float* gradient, size_t begin, size_t end) override {
    const auto update =
        spec_.centered()
            ? (spec_.momentum() != 0 ? &Rmsprop::UpdateRange<true, true> : &Rmsprop::UpdateRange<true, false>)
            : (spec_.momentum() != 0 ? &Rmsprop::UpdateRange<false, true> : &Rmsprop::UpdateRange<false, false>);
    decay_.ForEach(begin, end, [&](size_t from, size_t to, bool decays) {
      (this->*update)(params + from, gradient + (from - begin), from, to - from, decays);
    });
  }

  void VisitState(StateVisitor& visitor) override {
    visitor.Floats("squares", squares_.span());
    visitor.Floats("means", means_.span());
    visitor.Floats("velocity", velocity_.span());
  }

 private:
  template <bool kCentered, bool kMomentum>
  void UpdateRange(float* params, const float* gradient, size_t first, size_t count, bool decays) {
    const FloatPacket l2 = Broadcast(decays ? static_cast<float>(spec_.l2()) : 0.0f),
                      alpha = Broadcast(static_cast<float>(spec_.alpha())),
                      rest = Broadcast(static_cast<float>(1 - spec_.alpha())),
                      epsilon = Broadcast(static_cast<float>(spec_.epsilon())),
                      momentum = Broadcast(static_cast<float>(spec_.momentum())), minus_rate = Broadcast(minus_rate_),
                      zero = Broadcast(0.0f);
    const auto formula = [&](FloatPacket* updated, const FloatPacket* read) {
      FloatPacket& w = updated[0];
      FloatPacket& square = updated[1];
      const FloatPacket g = MultiplyAdd(l2, w, read[0]);
      square = MultiplyAdd(alpha, square, Multiply(Multiply(rest, g), g));
      FloatPacket variance = square;
      if constexpr (kCentered) {
        FloatPacket& mean = updated[2];
        mean = MultiplyAdd(alpha, mean, Multiply(rest, g));
        // Below zero by rounding alone, when the gradients hardly differ.
        variance = Greater(MultiplyAdd(packet::pnegate(mean), mean, square), zero);
      }
      FloatPacket direction = Divide(g, packet::padd(SquareRoot(variance), epsilon));
      if constexpr (kMomentum) {
        FloatPacket& velocity = updated[kCentered ? 3 : 2];
        velocity = MultiplyAdd(momentum, velocity, direction);
        direction = velocity;
      }
      w = MultiplyAdd(minus_rate, direction, w);
    };
    float* const squares = squares_.data() + first;
    if constexpr (kCentered && kMomentum) {
      ForPackets<4, 1>({params, squares, means_.data() + first, velocity_.data() + first}, {gradient}, count, formula);
    } else if constexpr (kCentered) {
      ForPackets<3, 1>({params, squares, means_.data() + first}, {gradient}, count, formula);
    } else if constexpr (kMomentum) {
      ForPackets<3, 1>({params, squares, velocity_.data() + first}, {gradient}, count, formula);
    } else {
      ForPackets<2, 1>({params, squares}, {gradient}, count, formula);
    }
  }

  const v1::Rmsprop spec_;
  const DecayRanges decay_;
  AlignedBuffer<float> squares_, means_, velocity_;
  float minus_rate_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> CreateRmsprop(const v1::Rmsprop& spec, Tensors tensors) {
  return std::make_unique<Rmsprop>(spec, tensors);
}

}  // namespace basin::worker::train
