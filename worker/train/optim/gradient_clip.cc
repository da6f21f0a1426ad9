#include "worker/train/optim/gradient_clip.h"

#include "worker/train/optim/elementwise.h"

namespace basin::worker::train {

GradientClip::GradientClip(const v1::Clip& spec)
    : by_norm_(spec.kind_case() == v1::Clip::kNorm),
      by_value_(spec.kind_case() == v1::Clip::kValue),
      bound_(by_norm_ ? spec.norm() : spec.value()) {}

void GradientClip::Apply(double norm, float* gradient, size_t count) const {
  if (by_value_) {
    const FloatPacket high = Broadcast(static_cast<float>(bound_)), low = packet::pnegate(high);
    ForPackets<1, 0>({gradient}, {}, count, [&](FloatPacket* updated, const FloatPacket*) {
      updated[0] = Lesser(Greater(updated[0], low), high);
    });
    return;
  }
  if (!by_norm_) return;
  const double factor = bound_ / (norm + 1e-6);
  if (factor >= 1) return;
  const FloatPacket scale = Broadcast(static_cast<float>(factor));
  ForPackets<1, 0>({gradient}, {}, count,
                   [&](FloatPacket* updated, const FloatPacket*) { updated[0] = Multiply(scale, updated[0]); });
}

}  // namespace basin::worker::train
