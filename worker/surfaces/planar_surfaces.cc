#include <array>

#include "worker/surfaces/functions.h"

namespace basin::worker::surfaces {
namespace {

// A function of (x, y).
class Planar : public Surface {
 public:
  int dimensions() const final { return 2; }
  double Value(std::span<const double> p) const final { return At(p[0], p[1]).value; }
  void Gradient(std::span<const double> p, std::span<double> gradient) const final {
    const Taylor at = At(p[0], p[1]);
    gradient[0] = at.dx;
    gradient[1] = at.dy;
  }
  void Hessian(std::span<const double> p, std::span<double> hessian) const final {
    const Taylor at = At(p[0], p[1]);
    hessian[0] = at.dxx;
    hessian[1] = hessian[2] = at.dxy;
    hessian[3] = at.dyy;
  }

 protected:
  // The derivatives up to the second.
  struct Taylor {
    double value = 0, dx = 0, dy = 0, dxx = 0, dxy = 0, dyy = 0;
    // Adds the square of a function with these derivatives.
    void AddSquare(const Taylor& t) {
      value += t.value * t.value;
      dx += 2 * t.value * t.dx;
      dy += 2 * t.value * t.dy;
      dxx += 2 * (t.dx * t.dx + t.value * t.dxx);
      dxy += 2 * (t.dx * t.dy + t.value * t.dxy);
      dyy += 2 * (t.dy * t.dy + t.value * t.dyy);
    }
  };
  virtual Taylor At(double x, double y) const = 0;
};

class SaddleSurface final : public Planar {
 public:
  std::vector<std::vector<double>> global_minima() const override { return {}; }

 private:
  Taylor At(double x, double y) const override { return {x * x - y * y, 2 * x, -2 * y, 2, 0, -2}; }
};

class MonkeySaddleSurface final : public Planar {
 public:
  std::vector<std::vector<double>> global_minima() const override { return {}; }

 private:
  Taylor At(double x, double y) const override {
    return {x * x * x - 3 * x * y * y, 3 * (x * x - y * y), -6 * x * y, 6 * x, -6 * y, -6 * x};
  }
};

class BealeSurface final : public Planar {
 public:
  std::vector<std::vector<double>> global_minima() const override { return {{3, 0.5}}; }

 private:
  Taylor At(double x, double y) const override {
    Taylor sum;
    sum.AddSquare({1.5 - x + x * y, y - 1, x, 0, 1, 0});
    sum.AddSquare({2.25 - x + x * y * y, y * y - 1, 2 * x * y, 0, 2 * y, 2 * x});
    sum.AddSquare({2.625 - x + x * y * y * y, y * y * y - 1, 3 * x * y * y, 0, 3 * y * y, 6 * x * y});
    return sum;
  }
};

class HimmelblauSurface final : public Planar {
 public:
  std::vector<std::vector<double>> global_minima() const override {
    return {{3, 2},
            {-2.805118086952745, 3.131312518250573},
            {-3.779310253377747, -3.283185991286170},
            {3.584428340330492, -1.848126526964404}};
  }

 private:
  Taylor At(double x, double y) const override {
    Taylor sum;
    sum.AddSquare({x * x + y - 11, 2 * x, 1, 2, 0, 0});
    sum.AddSquare({x + y * y - 7, 1, 2 * y, 0, 0, 2});
    return sum;
  }
};

}  // namespace

std::unique_ptr<const Surface> CreateSaddle() { return std::make_unique<SaddleSurface>(); }
std::unique_ptr<const Surface> CreateMonkeySaddle() { return std::make_unique<MonkeySaddleSurface>(); }
std::unique_ptr<const Surface> CreateBeale() { return std::make_unique<BealeSurface>(); }
std::unique_ptr<const Surface> CreateHimmelblau() { return std::make_unique<HimmelblauSurface>(); }

}  // namespace basin::worker::surfaces
