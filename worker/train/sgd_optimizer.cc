#include "worker/train/sgd_optimizer.h"

#include <cmath>
#include <cstdlib>

#include "worker/train/packet.h"

namespace basin::worker::train {
namespace {

// The same operations on a packet and on a float, so that an element's bits do not depend on where a range begins.
[[gnu::always_inline]] inline float MultiplyAdd(float a, float b, float c) { return std::fma(a, b, c); }
[[gnu::always_inline]] inline Packet<float> MultiplyAdd(const Packet<float>& a, const Packet<float>& b,
                                                        const Packet<float>& c) {
  return packet::pmadd(a, b, c);
}
[[gnu::always_inline]] inline float Multiply(float a, float b) { return a * b; }
[[gnu::always_inline]] inline Packet<float> Multiply(const Packet<float>& a, const Packet<float>& b) {
  return packet::pmul(a, b);
}

enum class Velocity { kNone, kFirst, kHeavyBall, kNesterovFirst, kNesterov };

struct Rates {
  float l2, momentum, weight_of_gradient, minus_rate;
};

// V is float or a packet of them.
template <Velocity kVelocity, bool kL2, typename V>
[[gnu::always_inline]] inline void Update(V l2, V momentum, V weight_of_gradient, V minus_rate, V* w, V g, V* v) {
  if constexpr (kL2) g = MultiplyAdd(l2, *w, g);
  if constexpr (kVelocity == Velocity::kFirst || kVelocity == Velocity::kNesterovFirst) {
    *v = g;
  } else if constexpr (kVelocity != Velocity::kNone) {
    *v = MultiplyAdd(momentum, *v, Multiply(weight_of_gradient, g));
  }
  V direction = g;
  if constexpr (kVelocity == Velocity::kFirst || kVelocity == Velocity::kHeavyBall) {
    direction = *v;
  } else if constexpr (kVelocity != Velocity::kNone) {
    direction = MultiplyAdd(momentum, *v, g);
  }
  *w = MultiplyAdd(minus_rate, direction, *w);
}

template <Velocity kVelocity, bool kL2>
void UpdateRange(const Rates& rates, float* params, const float* gradient, float* velocity, size_t count) {
  const Packet<float> l2 = Broadcast(rates.l2), momentum = Broadcast(rates.momentum),
                      weight = Broadcast(rates.weight_of_gradient), minus_rate = Broadcast(rates.minus_rate);
  size_t i = 0;
  for (; i + kLanes<float> <= count; i += kLanes<float>) {
    Packet<float> w = Load(params + i);
    const Packet<float> g = Load(gradient + i);
    Packet<float> v = g;
    if constexpr (kVelocity != Velocity::kNone) v = Load(velocity + i);
    Update<kVelocity, kL2, Packet<float>>(l2, momentum, weight, minus_rate, &w, g, &v);
    if constexpr (kVelocity != Velocity::kNone) Store<float>(velocity + i, v);
    Store<float>(params + i, w);
  }
  for (; i < count; ++i) {
    float v = kVelocity != Velocity::kNone ? velocity[i] : 0;
    Update<kVelocity, kL2, float>(rates.l2, rates.momentum, rates.weight_of_gradient, rates.minus_rate, &params[i],
                                  gradient[i], &v);
    if constexpr (kVelocity != Velocity::kNone) velocity[i] = v;
  }
}

template <bool kL2>
void Dispatch(Velocity kind, const Rates& rates, float* params, const float* gradient, float* velocity, size_t count) {
  switch (kind) {
    case Velocity::kNone:
      return UpdateRange<Velocity::kNone, kL2>(rates, params, gradient, velocity, count);
    case Velocity::kFirst:
      return UpdateRange<Velocity::kFirst, kL2>(rates, params, gradient, velocity, count);
    case Velocity::kHeavyBall:
      return UpdateRange<Velocity::kHeavyBall, kL2>(rates, params, gradient, velocity, count);
    case Velocity::kNesterovFirst:
      return UpdateRange<Velocity::kNesterovFirst, kL2>(rates, params, gradient, velocity, count);
    case Velocity::kNesterov:
      return UpdateRange<Velocity::kNesterov, kL2>(rates, params, gradient, velocity, count);
  }
}

}  // namespace

SgdOptimizer::Settings SgdOptimizer::FromProto(const v1::Sgd& sgd) {
  return {.momentum = sgd.momentum(), .dampening = sgd.dampening(), .nesterov = sgd.nesterov(), .l2 = sgd.l2()};
}

SgdOptimizer::SgdOptimizer(const Settings& settings, size_t parameter_count)
    : settings_(settings), velocity_(settings.momentum != 0 ? parameter_count : 0) {}

void SgdOptimizer::StepRange(float* params, const float* gradient, size_t begin, size_t end, double rate) {
  Velocity kind = Velocity::kNone;
  if (settings_.momentum != 0 && settings_.nesterov) {
    kind = first_step_ ? Velocity::kNesterovFirst : Velocity::kNesterov;
  } else if (settings_.momentum != 0) {
    kind = first_step_ ? Velocity::kFirst : Velocity::kHeavyBall;
  }
  const Rates rates{.l2 = static_cast<float>(settings_.l2),
                    .momentum = static_cast<float>(settings_.momentum),
                    .weight_of_gradient = static_cast<float>(1 - settings_.dampening),
                    .minus_rate = static_cast<float>(-rate)};
  float* velocity = kind == Velocity::kNone ? nullptr : velocity_.data() + begin;
  if (settings_.l2 != 0) {
    Dispatch<true>(kind, rates, params + begin, gradient, velocity, end - begin);
  } else {
    Dispatch<false>(kind, rates, params + begin, gradient, velocity, end - begin);
  }
}

void SgdOptimizer::Step(std::span<float> params, std::span<const float> gradient, double rate) {
  if (params.size() != gradient.size() || (settings_.momentum != 0 && params.size() != velocity_.size())) std::abort();
  StepRange(params.data(), gradient.data(), 0, params.size(), rate);
  FinishStep();
}

}  // namespace basin::worker::train
