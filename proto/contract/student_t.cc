#include "proto/contract/student_t.h"

#include <math.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

namespace basin::contract {
namespace {

// std::lgamma writes a global.
double LogGamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

// The continued fraction of I_x(a, b), without the factor before it. Converges fast for x < (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m <= 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    const double step = d * c;
    result *= step;
    if (std::abs(step - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return result;
}

// I_x(a, b), where `rest` is 1 - x without cancellation.
double IncompleteBeta(double a, double b, double x, double rest) {
  const double log_front = LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * std::log(x) + b * std::log(rest);
  if (x < (a + 1) / (a + b + 2)) return std::exp(log_front) * BetaFraction(a, b, x) / a;
  return 1 - std::exp(log_front) * BetaFraction(b, a, rest) / b;
}

// Where a tail falls to `target`, 0 < target < 1/2. Newton's method on the logarithm of the tail over that of its
// argument: both tails here are concave so, and from the right of the solution every step stays there.
double InvertTail(double target, const std::function<double(double)>& tail,
                  const std::function<double(double)>& density) {
  double log_x = 0;
  for (int i = 0; i < 500; ++i) {
    const double x = std::exp(log_x);
    const double q = tail(x);
    // Not so far to the right that the tail vanishes.
    const double step = std::min(0.5, std::log(q / target) * q / (density(x) * x));
    log_x += step;
    if (std::abs(step) < 1e-11) break;  // What remains is of the order of its square.
  }
  return std::exp(log_x);
}

double NormalUpper(double tail_probability) {
  return InvertTail(
      tail_probability, [](double x) { return std::erfc(x / std::numbers::sqrt2) / 2; },
      [](double x) { return std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2; });
}

double StudentTUpper(double tail_probability, double nu) {
  const double log_density_0 = LogGamma((nu + 1) / 2) - LogGamma(nu / 2) - std::log(nu * std::numbers::pi) / 2;
  return InvertTail(
      tail_probability,
      [nu](double t) { return IncompleteBeta(nu / 2, 0.5, nu / (nu + t * t), t * t / (nu + t * t)) / 2; },
      [nu, log_density_0](double t) { return std::exp(log_density_0 - (nu + 1) / 2 * std::log1p(t * t / nu)); });
}

double ExpandAroundNormal(double z, double nu) {
  const double z2 = z * z;
  const double g1 = z * (z2 + 1) / 4;
  const double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / nu) / nu) / nu) / nu;
}

}  // namespace

double StudentTQuantile(double probability, double degrees_of_freedom) {
  if (probability == 0.5) return 0;
  if (probability < 0.5) return -StudentTQuantile(1 - probability, degrees_of_freedom);
  const double tail = 1 - probability;
  if (degrees_of_freedom > 500) return ExpandAroundNormal(NormalUpper(tail), degrees_of_freedom);
  return StudentTUpper(tail, degrees_of_freedom);
}

}  // namespace basin::contract
