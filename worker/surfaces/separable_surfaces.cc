#include <algorithm>

#include "proto/contract/portable_math/portable_math.h"
#include "worker/surfaces/functions.h"

namespace basin::worker::surfaces {
namespace {

constexpr double kPi = 3.14159265358979323846;

// A sum over the axes of a function of each coordinate alone.
class Separable : public Surface {
 public:
  explicit Separable(int dimensions) : dimensions_(dimensions) {}

  int dimensions() const final { return dimensions_; }
  double Value(std::span<const double> x) const final {
    double sum = 0;
    for (int i = 0; i < dimensions_; ++i) sum += At(i, x[i]).value;
    return sum;
  }
  void Gradient(std::span<const double> x, std::span<double> gradient) const final {
    for (int i = 0; i < dimensions_; ++i) gradient[i] = At(i, x[i]).slope;
  }
  void Hessian(std::span<const double> x, std::span<double> hessian) const final {
    std::fill(hessian.begin(), hessian.end(), 0.0);
    for (int i = 0; i < dimensions_; ++i) hessian[i * dimensions_ + i] = At(i, x[i]).curvature;
  }
  std::vector<std::vector<double>> global_minima() const final {
    std::vector<double> minimum(static_cast<size_t>(dimensions_));
    for (int i = 0; i < dimensions_; ++i) minimum[static_cast<size_t>(i)] = Lowest(i);
    return {minimum};
  }

 protected:
  struct Term {
    double value, slope, curvature;
  };
  virtual Term At(int axis, double x) const = 0;
  // Where it is least.
  virtual double Lowest(int axis) const = 0;
  // The zero of the slope next to `x`, by Newton's method, which doubles the digits that are right in each step.
  double Polished(int axis, double x) const {
    for (int i = 0; i < 20; ++i) {
      const Term term = At(axis, x);
      x -= term.slope / term.curvature;
    }
    return x;
  }

 private:
  const int dimensions_;
};

class QuadraticSurface final : public Separable {
 public:
  QuadraticSurface(int dimensions, double condition_number) : Separable(dimensions) {
    for (int i = 0; i < dimensions; ++i) {
      const double share = dimensions == 1 ? 0 : static_cast<double>(i) / static_cast<double>(dimensions - 1);
      curvatures_.push_back(contract::PortableRealPower(condition_number, share));
    }
  }

 private:
  Term At(int axis, double x) const override {
    const double h = curvatures_[static_cast<size_t>(axis)];
    return {h * x * x / 2, h * x, h};
  }
  double Lowest(int) const override { return 0; }

  std::vector<double> curvatures_;
};

class RastriginSurface final : public Separable {
 public:
  using Separable::Separable;

 private:
  Term At(int, double x) const override {
    const double cosine = contract::PortableCosPi(2 * x), sine = contract::PortableSinPi(2 * x);
    return {x * x - 10 * cosine + 10, 2 * x + 20 * kPi * sine, 2 + 40 * kPi * kPi * cosine};
  }
  double Lowest(int) const override { return 0; }
};

class StyblinskiTangSurface final : public Separable {
 public:
  using Separable::Separable;

 private:
  Term At(int, double x) const override {
    const double square = x * x;
    return {(square * square - 16 * square + 5 * x) / 2, 2 * square * x - 16 * x + 2.5, 6 * square - 16};
  }
  double Lowest(int axis) const override { return Polished(axis, -2.9); }
};

class TwoWellsSurface final : public Separable {
 public:
  TwoWellsSurface(int dimensions, double tilt) : Separable(dimensions), tilt_(tilt) {}

 private:
  Term At(int axis, double x) const override {
    if (axis > 0) return {x * x, 2 * x, 2};
    const double well = x * x - 1;
    return {well * well + tilt_ * x, 4 * x * well + tilt_, 12 * x * x - 4};
  }
  double Lowest(int axis) const override { return axis > 0 ? 0 : Polished(axis, -1.2); }

  const double tilt_;
};

}  // namespace

std::unique_ptr<const Surface> CreateQuadratic(int dimensions, double condition_number) {
  return std::make_unique<QuadraticSurface>(dimensions, condition_number);
}
std::unique_ptr<const Surface> CreateRastrigin(int dimensions) {
  return std::make_unique<RastriginSurface>(dimensions);
}
std::unique_ptr<const Surface> CreateStyblinskiTang(int dimensions) {
  return std::make_unique<StyblinskiTangSurface>(dimensions);
}
std::unique_ptr<const Surface> CreateTwoWells(int dimensions, double tilt) {
  return std::make_unique<TwoWellsSurface>(dimensions, tilt);
}

}  // namespace basin::worker::surfaces
