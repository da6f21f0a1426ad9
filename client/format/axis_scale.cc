#include "client/format/axis_scale.h"

#include <algorithm>
#include <cmath>

namespace basin::client::format {
namespace {

// 1, 2 or 5 times a power of ten, so that about five of them make `span`.
double Step(double span) {
  const double raw = span / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double mantissa = raw / power;
  return (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10) * power;
}

// The mantissas of the ticks in a decade: fewer where there are more decades.
std::vector<double> Mantissas(double decades) {
  if (decades <= 1.2) return {1, 2, 3, 5, 7};
  if (decades <= 3) return {1, 2, 5};
  return {1};
}

}  // namespace

AxisScale AxisScale::Around(double low, double high, bool logarithmic) {
  if (logarithmic) {
    const double decades = std::log10(high / low);
    // Down and up to the next 1, 2 or 5.
    const auto round = [](double value, bool up) {
      const double power = std::pow(10, std::floor(std::log10(value)));
      double best = up ? 10 * power : power;
      for (const double mantissa : {2.0, 5.0}) {
        const double tick = mantissa * power;
        if (up ? tick >= value && tick < best : tick <= value && tick > best) best = tick;
      }
      return up && power >= value ? power : best;
    };
    const double from = round(low, false), to = round(high, true);
    return {from, decades > 0 || from < to ? to : 2 * from, true};
  }
  if (low >= 0 && low <= high / 3) low = 0;
  if (low == high) {
    const double room = low == 0 ? 1 : std::abs(low) / 10;
    low -= low == 0 ? 0 : room, high += room;
  }
  const double step = Step(high - low);
  return {std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, false};
}

double AxisScale::Fraction(double value) const {
  if (!logarithmic_) return (value - low_) / (high_ - low_);
  constexpr double kFarBelow = -10;
  return value > 0 ? std::max(kFarBelow, std::log(value / low_) / std::log(high_ / low_)) : kFarBelow;
}

std::vector<double> AxisScale::Ticks() const {
  std::vector<double> ticks;
  if (!logarithmic_) {
    const double step = Step(high_ - low_);
    for (double k = std::ceil(low_ / step - 1e-9); k * step <= high_ + 1e-9 * step; ++k) {
      ticks.push_back(k * step + 0.0);  // Not a negative zero.
    }
    return ticks;
  }
  const double first = std::floor(std::log10(low_)), decades = std::log10(high_ / low_);
  // More than eight decades are labelled every second or third, and so on.
  const double stride = std::max(1.0, std::ceil(decades / 8));
  for (double exponent = first; exponent <= std::log10(high_) + 1e-9; exponent += stride) {
    for (const double mantissa : Mantissas(decades)) {
      const double tick = mantissa * std::pow(10, exponent);
      if (tick >= low_ * (1 - 1e-9) && tick <= high_ * (1 + 1e-9)) ticks.push_back(tick);
    }
  }
  return ticks;
}

}  // namespace basin::client::format
