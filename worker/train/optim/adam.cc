#include <cmath>

#include "proto/contract/portable_math/portable_math.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/decay_ranges.h"
#include "worker/train/optim/elementwise.h"
#include "worker/train/optim/methods.h"

namespace basin::worker::train {
namespace {

// Adam and AdamW: the same but for the decay.
class Adam final : public Optimizer {
 public:
  struct Settings {
    double beta1, beta2, epsilon, l2, weight_decay;
    bool amsgrad, decay_biases_and_norms;
  };
  Adam(const Settings& settings, Tensors tensors)
      : settings_(settings),
        decay_(settings.l2 + settings.weight_decay, settings.decay_biases_and_norms, tensors),
        means_(ParameterCount(tensors)),
        squares_(means_.size()),
        greatest_squares_(settings.amsgrad ? means_.size() : 0) {}

  void BeginStep(double rate) override {
    ++steps_;
    const double correction1 = 1 - contract::PortablePower(settings_.beta1, steps_);
    const double correction2 = 1 - contract::PortablePower(settings_.beta2, steps_);
    minus_rate_ = static_cast<float>(-rate / correction1);
    root_scale_ = static_cast<float>(1 / std::sqrt(correction2));
    kept_ = static_cast<float>(1 - rate * settings_.weight_decay);
  }

  void Update(float* params, const float* gradient, size_t begin, size_t end) override {
    decay_.ForEach(begin, end, [&](size_t from, size_t to, bool decays) {
      const float* const g = gradient + (from - begin);
      if (settings_.amsgrad) {
        UpdateRange<true>(params + from, g, from, to - from, decays);
      } else {
        UpdateRange<false>(params + from, g, from, to - from, decays);
      }
    });
  }

  void VisitState(StateVisitor& visitor) override {
    visitor.Floats("means", means_.span());
    visitor.Floats("squares", squares_.span());
    visitor.Floats("greatest_squares", greatest_squares_.span());
    visitor.Count("steps", steps_);
  }

 private:
  template <bool kAmsgrad>
  void UpdateRange(float* params, const float* gradient, size_t first, size_t count, bool decays) {
    const FloatPacket l2 = Broadcast(decays ? static_cast<float>(settings_.l2) : 0.0f),
                      kept = Broadcast(decays ? kept_ : 1.0f), beta1 = Broadcast(static_cast<float>(settings_.beta1)),
                      rest1 = Broadcast(static_cast<float>(1 - settings_.beta1)),
                      beta2 = Broadcast(static_cast<float>(settings_.beta2)),
                      rest2 = Broadcast(static_cast<float>(1 - settings_.beta2)),
                      epsilon = Broadcast(static_cast<float>(settings_.epsilon)), root_scale = Broadcast(root_scale_),
                      minus_rate = Broadcast(minus_rate_);
    const auto formula = [&](FloatPacket* updated, const FloatPacket* read) {
      FloatPacket& w = updated[0];
      FloatPacket& mean = updated[1];
      FloatPacket& square = updated[2];
      const FloatPacket g = MultiplyAdd(l2, w, read[0]);
      mean = MultiplyAdd(beta1, mean, Multiply(rest1, g));
      square = MultiplyAdd(beta2, square, Multiply(Multiply(rest2, g), g));
      FloatPacket divisor = square;
      if constexpr (kAmsgrad) {
        updated[3] = Greater(square, updated[3]);
        divisor = updated[3];
      }
      divisor = MultiplyAdd(SquareRoot(divisor), root_scale, epsilon);
      w = MultiplyAdd(minus_rate, Divide(mean, divisor), Multiply(kept, w));
    };
    if constexpr (kAmsgrad) {
      ForPackets<4, 1>({params, means_.data() + first, squares_.data() + first, greatest_squares_.data() + first},
                       {gradient}, count, formula);
    } else {
      ForPackets<3, 1>({params, means_.data() + first, squares_.data() + first}, {gradient}, count, formula);
    }
  }

  const Settings settings_;
  const DecayRanges decay_;
  AlignedBuffer<float> means_, squares_, greatest_squares_;
  uint64_t steps_ = 0;
  float minus_rate_ = 0, root_scale_ = 0, kept_ = 1;
};

}  // namespace

std::unique_ptr<Optimizer> CreateAdam(const v1::Adam& spec, Tensors tensors) {
  return std::make_unique<Adam>(Adam::Settings{.beta1 = spec.beta1(),
                                               .beta2 = spec.beta2(),
                                               .epsilon = spec.epsilon(),
                                               .l2 = spec.l2(),
                                               .weight_decay = 0,
                                               .amsgrad = spec.amsgrad(),
                                               .decay_biases_and_norms = spec.decay_biases_and_norms()},
                                tensors);
}

std::unique_ptr<Optimizer> CreateAdamW(const v1::AdamW& spec, Tensors tensors) {
  return std::make_unique<Adam>(Adam::Settings{.beta1 = spec.beta1(),
                                               .beta2 = spec.beta2(),
                                               .epsilon = spec.epsilon(),
                                               .l2 = 0,
                                               .weight_decay = spec.weight_decay(),
                                               .amsgrad = spec.amsgrad(),
                                               .decay_biases_and_norms = spec.decay_biases_and_norms()},
                                tensors);
}

}  // namespace basin::worker::train
