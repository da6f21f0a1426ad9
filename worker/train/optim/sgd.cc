#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/decay_ranges.h"
#include "worker/train/optim/elementwise.h"
#include "worker/train/optim/methods.h"

namespace basin::worker::train {
namespace {

enum class Velocity { kNone, kFirst, kHeavyBall, kNesterovFirst, kNesterov };

struct Rates {
  float l2, momentum, weight_of_gradient, minus_rate, kept;  // kept: 1 - rate * weight_decay.
};

template <Velocity kVelocity, bool kDecay>
void UpdateRange(const Rates& rates, float* params, const float* gradient, float* velocity, size_t count) {
  const FloatPacket l2 = Broadcast(rates.l2), momentum = Broadcast(rates.momentum),
                    weight = Broadcast(rates.weight_of_gradient), minus_rate = Broadcast(rates.minus_rate),
                    kept = Broadcast(rates.kept);
  const auto formula = [&](FloatPacket* updated, const FloatPacket* read) {
    FloatPacket& w = updated[0];
    FloatPacket g = read[0];
    if constexpr (kDecay) {
      g = MultiplyAdd(l2, w, g);
      w = Multiply(kept, w);
    }
    FloatPacket direction = g;
    if constexpr (kVelocity != Velocity::kNone) {
      FloatPacket& v = updated[1];
      constexpr bool kIsFirst = kVelocity == Velocity::kFirst || kVelocity == Velocity::kNesterovFirst;
      constexpr bool kLooksAhead = kVelocity == Velocity::kNesterov || kVelocity == Velocity::kNesterovFirst;
      v = kIsFirst ? g : MultiplyAdd(momentum, v, Multiply(weight, g));
      direction = kLooksAhead ? MultiplyAdd(momentum, v, g) : v;
    }
    w = MultiplyAdd(minus_rate, direction, w);
  };
  if constexpr (kVelocity == Velocity::kNone) {
    ForPackets<1, 1>({params}, {gradient}, count, formula);
  } else {
    ForPackets<2, 1>({params, velocity}, {gradient}, count, formula);
  }
}

template <bool kDecay>
void Dispatch(Velocity kind, const Rates& rates, float* params, const float* gradient, float* velocity, size_t count) {
  switch (kind) {
    case Velocity::kNone:
      return UpdateRange<Velocity::kNone, kDecay>(rates, params, gradient, velocity, count);
    case Velocity::kFirst:
      return UpdateRange<Velocity::kFirst, kDecay>(rates, params, gradient, velocity, count);
    case Velocity::kHeavyBall:
      return UpdateRange<Velocity::kHeavyBall, kDecay>(rates, params, gradient, velocity, count);
    case Velocity::kNesterovFirst:
      return UpdateRange<Velocity::kNesterovFirst, kDecay>(rates, params, gradient, velocity, count);
    case Velocity::kNesterov:
      return UpdateRange<Velocity::kNesterov, kDecay>(rates, params, gradient, velocity, count);
  }
}

// Stochastic gradient descent with momentum as PyTorch's SGD. Three fused multiply-adds an element at most, without
// decoupled decay.
class Sgd final : public Optimizer {
 public:
  Sgd(const v1::Sgd& spec, Tensors tensors)
      : spec_(spec),
        decay_(spec.l2() + spec.weight_decay(), spec.decay_biases_and_norms(), tensors),
        velocity_(spec.momentum() != 0 ? ParameterCount(tensors) : 0) {}

  void BeginStep(double rate) override {
    rates_ = {.l2 = static_cast<float>(spec_.l2()),
              .momentum = static_cast<float>(spec_.momentum()),
              .weight_of_gradient = static_cast<float>(1 - spec_.dampening()),
              .minus_rate = static_cast<float>(-rate),
              .kept = static_cast<float>(1 - rate * spec_.weight_decay())};
    if (spec_.momentum() == 0) {
      kind_ = Velocity::kNone;
    } else if (spec_.nesterov()) {
      kind_ = started_ ? Velocity::kNesterov : Velocity::kNesterovFirst;
    } else {
      kind_ = started_ ? Velocity::kHeavyBall : Velocity::kFirst;
    }
    started_ = true;
  }

  void Update(float* params, const float* gradient, size_t begin, size_t end) override {
    decay_.ForEach(begin, end, [&](size_t from, size_t to, bool decays) {
      float* const velocity = kind_ == Velocity::kNone ? nullptr : velocity_.data() + from;
      (decays ? Dispatch<true> : Dispatch<false>)(kind_, rates_, params + from, gradient + (from - begin), velocity,
                                                  to - from);
    });
  }

  void VisitState(StateVisitor& visitor) override {
    visitor.Floats("velocity", velocity_.span());
    visitor.Flag("started", started_);
  }

 private:
  const v1::Sgd spec_;
  const DecayRanges decay_;
  AlignedBuffer<float> velocity_;
  bool started_ = false;  // After the first step, which sets the velocity.
  Velocity kind_ = Velocity::kNone;
  Rates rates_{};
};

}  // namespace

std::unique_ptr<Optimizer> CreateSgd(const v1::Sgd& spec, Tensors tensors) {
  return std::make_unique<Sgd>(spec, tensors);
}

}  // namespace basin::worker::train
