#include <algorithm>
#include <cmath>

#include "proto/contract/portable_math/portable_math.h"
#include "worker/surfaces/functions.h"

namespace basin::worker::surfaces {
namespace {

constexpr double kPi = 3.14159265358979323846;

class RosenbrockSurface final : public Surface {
 public:
  explicit RosenbrockSurface(int dimensions) : dimensions_(dimensions) {}

  int dimensions() const override { return dimensions_; }
  double Value(std::span<const double> x) const override {
    double sum = 0;
    for (int i = 0; i + 1 < dimensions_; ++i) {
      const double bend = x[i + 1] - x[i] * x[i], rest = 1 - x[i];
      sum += 100 * bend * bend + rest * rest;
    }
    return sum;
  }
  void Gradient(std::span<const double> x, std::span<double> gradient) const override {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (int i = 0; i + 1 < dimensions_; ++i) {
      const double bend = x[i + 1] - x[i] * x[i];
      gradient[i] += -400 * x[i] * bend - 2 * (1 - x[i]);
      gradient[i + 1] += 200 * bend;
    }
  }
  void Hessian(std::span<const double> x, std::span<double> hessian) const override {
    const int n = dimensions_;
    std::fill(hessian.begin(), hessian.end(), 0.0);
    for (int i = 0; i + 1 < n; ++i) {
      hessian[i * n + i] += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2;
      hessian[i * n + i + 1] = hessian[(i + 1) * n + i] = -400 * x[i];
      hessian[(i + 1) * n + i + 1] += 200;
    }
  }
  std::vector<std::vector<double>> global_minima() const override {
    return {std::vector<double>(static_cast<size_t>(dimensions_), 1.0)};
  }

 private:
  const int dimensions_;
};

// Of the funnel F(r) = -20 exp(-0.2 r), r the root of the mean square, and the ripples -C = -exp(mean of the cosines).
// At 0, where F has no derivative, those of the ripples alone are given.
class AckleySurface final : public Surface {
 public:
  explicit AckleySurface(int dimensions) : dimensions_(dimensions) {}

  int dimensions() const override { return dimensions_; }
  double Value(std::span<const double> x) const override {
    return 20 * (1 - contract::PortableExp(-0.2 * Radius(x))) + (contract::PortableExp(1) - Ripples(x));
  }
  void Gradient(std::span<const double> x, std::span<double> gradient) const override {
    const double n = dimensions_, r = Radius(x), ripples = Ripples(x);
    const double slope = 4 * contract::PortableExp(-0.2 * r);
    for (int i = 0; i < dimensions_; ++i) {
      gradient[i] = (r > 0 ? slope * x[i] / (n * r) : 0) - ripples * RippleSlope(x[i]);
    }
  }
  void Hessian(std::span<const double> x, std::span<double> hessian) const override {
    const double n = dimensions_, r = Radius(x), ripples = Ripples(x);
    const double slope = 4 * contract::PortableExp(-0.2 * r), curvature = -0.2 * slope;
    for (int i = 0; i < dimensions_; ++i) {
      for (int j = 0; j < dimensions_; ++j) {
        double h = -ripples * (RippleSlope(x[i]) * RippleSlope(x[j]));
        if (i == j) h += ripples * 4 * kPi * kPi / n * contract::PortableCosPi(2 * x[i]);
        if (r > 0) {
          const double product = x[i] * x[j] / (n * n * r * r);
          h += curvature * product + slope * ((i == j ? 1 / (n * r) : 0) - product / r);
        }
        hessian[i * dimensions_ + j] = h;
      }
    }
  }
  std::vector<std::vector<double>> global_minima() const override {
    return {std::vector<double>(static_cast<size_t>(dimensions_), 0.0)};
  }

 private:
  double Radius(std::span<const double> x) const {
    double sum = 0;
    for (const double value : x) sum += value * value;
    return std::sqrt(sum / dimensions_);
  }
  double Ripples(std::span<const double> x) const {
    double sum = 0;
    for (const double value : x) sum += contract::PortableCosPi(2 * value);
    return contract::PortableExp(sum / dimensions_);
  }
  // Of the mean of the cosines, by one coordinate.
  double RippleSlope(double x) const { return -2 * kPi / dimensions_ * contract::PortableSinPi(2 * x); }

  const int dimensions_;
};

}  // namespace

std::unique_ptr<const Surface> CreateRosenbrock(int dimensions) {
  return std::make_unique<RosenbrockSurface>(dimensions);
}
std::unique_ptr<const Surface> CreateAckley(int dimensions) { return std::make_unique<AckleySurface>(dimensions); }

}  // namespace basin::worker::surfaces
