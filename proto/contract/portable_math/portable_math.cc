#include "proto/contract/portable_math/portable_math.h"

#include <array>
#include <cmath>
#include <limits>

// std::floor, std::frexp, std::ldexp and std::fabs only rearrange bits: they are exact everywhere.

namespace basin::contract {
namespace {

constexpr double kPi = 0x1.921fb54442d18p+1;
constexpr double kLog2E = 0x1.71547652b82fep+0;
// ln 2 in two parts; the high one has 21 trailing zero bits, so that its product with a binary exponent is exact.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

constexpr int kSeriesTerms = 10;

// 1/0!, -1/2!, 1/4!, ... from the first term on, or 1/1!, -1/3!, ...
constexpr std::array<double, kSeriesTerms> AlternatingReciprocalFactorials(int first) {
  std::array<double, kSeriesTerms> terms{};
  double factorial = 1;  // Exact up to 22!, beyond all that is used here.
  int n = 0;
  for (int i = 0; i < kSeriesTerms; ++i) {
    while (n < first + 2 * i) factorial *= ++n;
    terms[i] = (i % 2 == 0 ? 1.0 : -1.0) / factorial;
  }
  return terms;
}

double Horner(const std::array<double, kSeriesTerms>& coefficients, double x) {
  double sum = coefficients[kSeriesTerms - 1];
  for (int i = kSeriesTerms - 2; i >= 0; --i) sum = sum * x + coefficients[i];
  return sum;
}

// The Taylor series up to the 18th and 19th power: for |r| <= 1/4 the rest is below 2^-58 of the sum.
double CosPiSeries(double r) {
  static constexpr auto kCoefficients = AlternatingReciprocalFactorials(0);
  const double z = kPi * r;
  return Horner(kCoefficients, z * z);
}
double SinPiSeries(double r) {
  static constexpr auto kCoefficients = AlternatingReciprocalFactorials(1);
  const double z = kPi * r;
  return z * Horner(kCoefficients, z * z);
}

// x - 2 * floor(x / 2), in [0, 2); every operation is exact.
double ModuloTwo(double x) { return x - 2 * std::floor(x / 2); }

}  // namespace

double PortableCosPi(double x) {
  double r = ModuloTwo(std::fabs(x));
  if (r > 1) r = 2 - r;
  const bool negative = r > 0.5;
  if (negative) r = 1 - r;
  const double value = r > 0.25 ? SinPiSeries(0.5 - r) : CosPiSeries(r);
  return negative ? -value : value;
}

double PortableSinPi(double x) {
  double r = ModuloTwo(std::fabs(x));
  bool negative = x < 0;
  if (r >= 1) {
    r -= 1;
    negative = !negative;
  }
  if (r > 0.5) r = 1 - r;
  const double value = r > 0.25 ? CosPiSeries(0.5 - r) : SinPiSeries(r);
  return negative ? -value : value;
}

double PortableLog(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // In [1/2, 1).
  if (mantissa < kSqrtHalf) {
    mantissa *= 2;
    --exponent;
  }
  // log(m) = 2 artanh(s) with s = (m - 1) / (m + 1), |s| <= 0.1716; the series ends below 2^-60.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double sum = 0;
  for (int n = 23; n >= 3; n -= 2) sum = (sum + 1.0 / n) * square;
  const double k = exponent;
  return k * kLn2High + (2 * s + (2 * s * sum + k * kLn2Low));
}

double PortableExp(double x) {
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  const double k = std::floor(x * kLog2E + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= 0.3466.
  double sum = 1;
  for (int n = 14; n >= 1; --n) sum = 1 + sum * r / n;
  // In two steps, since 2^1024 is no double.
  const int half = static_cast<int>(k) / 2;
  return std::ldexp(std::ldexp(sum, half), static_cast<int>(k) - half);
}

double PortablePower(double base, uint64_t exponent) {
  double result = 1;
  for (double square = base; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= square;
    square *= square;
  }
  return result;
}

double PortableRealPower(double base, double exponent) {
  // Whole numbers beyond 2^62 give 0, 1 or infinity, whatever their last digits are.
  const double whole = std::fmin(std::floor(exponent), 0x1p62);
  const double fraction = exponent < 0x1p62 ? exponent - whole : 0;
  const double power = PortablePower(base, static_cast<uint64_t>(whole));
  return fraction == 0 ? power : power * PortableExp(fraction * PortableLog(base));
}

}  // namespace basin::contract
