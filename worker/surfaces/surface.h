#pragma once

#include <span>
#include <vector>

namespace basin::worker::surfaces {

// A function of n real numbers. Immutable. In double, by arithmetic that is the same on every machine.
class Surface {
 public:
  virtual ~Surface() = default;

  // n.
  virtual int dimensions() const = 0;
  virtual double Value(std::span<const double> x) const = 0;
  // Of n elements.
  virtual void Gradient(std::span<const double> x, std::span<double> gradient) const = 0;
  // Of n * n elements, row-major, symmetric.
  virtual void Hessian(std::span<const double> x, std::span<double> hessian) const = 0;

  // All of them; none where the function has no lower bound.
  virtual std::vector<std::vector<double>> global_minima() const = 0;
};

}  // namespace basin::worker::surfaces
