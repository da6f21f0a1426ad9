#include <algorithm>

#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/decay_ranges.h"
#include "worker/train/optim/elementwise.h"
#include "worker/train/optim/methods.h"

namespace basin::worker::train {
namespace {

class Adagrad final : public Optimizer {
 public:
  Adagrad(const v1::Adagrad& spec, Tensors tensors)
      : spec_(spec), decay_(spec.l2(), spec.decay_biases_and_norms(), tensors), squares_(ParameterCount(tensors)) {
    std::fill_n(squares_.data(), squares_.size(), static_cast<float>(spec.initial_sum()));
  }

  void BeginStep(double rate) override { minus_rate_ = static_cast<float>(-rate); }

  void Update(float* params, const float* gradient, size_t begin, size_t end) override {
    decay_.ForEach(begin, end, [&](size_t from, size_t to, bool decays) {
      const FloatPacket l2 = Broadcast(decays ? static_cast<float>(spec_.l2()) : 0.0f),
                        epsilon = Broadcast(static_cast<float>(spec_.epsilon())), minus_rate = Broadcast(minus_rate_);
      ForPackets<2, 1>({params + from, squares_.data() + from}, {gradient + (from - begin)}, to - from,
                       [&](FloatPacket* updated, const FloatPacket* read) {
                         FloatPacket& w = updated[0];
                         FloatPacket& sum = updated[1];
                         const FloatPacket g = MultiplyAdd(l2, w, read[0]);
                         sum = MultiplyAdd(g, g, sum);
                         w = MultiplyAdd(minus_rate, Divide(g, packet::padd(SquareRoot(sum), epsilon)), w);
                       });
    });
  }

  void VisitState(StateVisitor& visitor) override { visitor.Floats("squares", squares_.span()); }

 private:
  const v1::Adagrad spec_;
  const DecayRanges decay_;
  AlignedBuffer<float> squares_;  // Sums of the squared gradients.
  float minus_rate_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> CreateAdagrad(const v1::Adagrad& spec, Tensors tensors) {
  return std::make_unique<Adagrad>(spec, tensors);
}

}  // namespace basin::worker::train
