#include "client/format/surface_scale.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "client/format/svg.h"

namespace basin::client::format {
namespace {

constexpr size_t kMostLevels = 14, kMostTicks = 6;
constexpr double kLargest = 1e300;  // Differences of what is shown are finite.

// Viridis (van der Walt & Smith 2015): even steps for the eye, in grey and with any color vision.
constexpr std::array<std::array<int, 3>, 11> kColors = {{{68, 1, 84},
                                                         {72, 36, 117},
                                                         {65, 68, 135},
                                                         {53, 95, 141},
                                                         {42, 120, 142},
                                                         {33, 145, 140},
                                                         {34, 168, 132},
                                                         {68, 191, 112},
                                                         {122, 209, 81},
                                                         {189, 223, 38},
                                                         {253, 231, 37}}};

// The cell of the line's points that has `value`; its last for the end.
size_t CellOf(const std::vector<double>& line, double value) {
  const auto after = std::upper_bound(line.begin() + 1, line.end() - 1, value);
  return static_cast<size_t>(after - line.begin()) - 1;
}

}  // namespace

SurfaceScale::SurfaceScale(const SurfaceChart& chart)
    : logarithmic_(chart.logarithmic_z), floor_(chart.floor_z.value_or(0)), grid_{chart.xs, chart.ys, chart.zs} {
  for (size_t i = 0; i < chart.zs.size(); ++i) {
    const double z = chart.zs[i];
    grid_.zs[i] = Height(z);
    if (std::isnan(grid_.zs[i])) {
      ++gaps_;
      continue;
    }
    const bool first = i == gaps_;
    if (first || z < low_) low_ = z, low_at_ = i;
    if (first || z > high_) high_ = z, high_at_ = i;
  }
  const double from = std::min(low_, chart.least_z.value_or(low_)),
               to = std::max(high_, chart.greatest_z.value_or(high_));
  if (from < to) levels_ = LevelsBetween(from, to, kMostLevels);
}

std::vector<double> SurfaceScale::Ticks() const {
  if (low_ == high_) return {low_};
  return LevelsBetween(low_, high_, kMostTicks);
}

std::vector<double> SurfaceScale::LevelsBetween(double low, double high, size_t most) const {
  if (!logarithmic_) return RoundLevels(low, high, false, most);
  low = std::max(low, floor_);
  if (!(low < high)) return {};
  return RoundLevels(low, high, true, most);
}

double SurfaceScale::Height(double z) const {
  const double shown = logarithmic_ ? std::max(z, floor_) : z;
  if (!(std::abs(z) <= kLargest) || (logarithmic_ && shown <= 0)) return std::numeric_limits<double>::quiet_NaN();
  return logarithmic_ ? std::log10(shown) : z;
}

double SurfaceScale::Place(double z) const {
  if (levels_.empty()) return -0.5;
  const double height = Height(z), end = static_cast<double>(levels_.size());
  if (levels_.size() == 1) return height < Height(levels_[0]) ? -0.5 : 0.5;
  // Below the first level and above the last at the same rate as beside them.
  const size_t i = CellOf(levels_, z);
  const double from = Height(levels_[i]), to = Height(levels_[i + 1]);
  return std::clamp(static_cast<double>(i) + (height - from) / (to - from), -1.0, end);
}

double SurfaceScale::HeightAt(double x, double y) const {
  const std::vector<double>&xs = grid_.xs, &ys = grid_.ys;
  if (!(x >= xs.front() && x <= xs.back() && y >= ys.front() && y <= ys.back())) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const size_t column = CellOf(xs, x), row = CellOf(ys, y), corner = row * xs.size() + column;
  const double right = (x - xs[column]) / (xs[column + 1] - xs[column]);
  const double up = (y - ys[row]) / (ys[row + 1] - ys[row]);
  // Unlike std::lerp, NaN if any corner is.
  const auto between = [](double a, double b, double part) { return (1 - part) * a + part * b; };
  const double bottom = between(grid_.zs[corner], grid_.zs[corner + 1], right);
  const double top = between(grid_.zs[corner + xs.size()], grid_.zs[corner + xs.size() + 1], right);
  return between(bottom, top, up);
}

std::string SurfaceScale::Color(size_t band) const {
  const double at = levels_.empty() ? 0.5 : static_cast<double>(band) / static_cast<double>(levels_.size());
  const double place = at * (kColors.size() - 1);
  const size_t i = std::min(static_cast<size_t>(place), kColors.size() - 2);
  const auto mixed = [&](size_t channel) {
    return static_cast<int>(std::lround(std::lerp(kColors[i][channel], kColors[i + 1][channel], place - i)));
  };
  return Print("#%02x%02x%02x", mixed(0), mixed(1), mixed(2));
}

std::string SurfaceScale::Label(double z) const {
  double digits = 5;
  for (size_t i = 1; i < levels_.size(); ++i) {
    const double size = std::max(std::abs(levels_[i - 1]), std::abs(levels_[i]));
    digits = std::max(digits, std::ceil(std::log10(size / (levels_[i] - levels_[i - 1]))) + 1);
  }
  return Print("%.*g", static_cast<int>(std::min(digits, 15.0)), z);
}

std::vector<std::string> SurfaceScale::Summary(const SurfaceChart& chart) const {
  std::vector<std::string> lines;
  const auto place = [&](size_t at) {
    return chart.x_label + Print(" %.4g, ", chart.xs[at % chart.xs.size()]) + chart.y_label +
           Print(" %.4g", chart.ys[at / chart.xs.size()]);
  };
  if (gaps_ < chart.zs.size() && low_ == high_) {
    lines.push_back("All values shown are " + Label(low_) + ".");
  } else if (gaps_ < chart.zs.size()) {
    lines.push_back("Lowest " + Label(low_) + " at " + place(low_at_) + ".");
    lines.push_back("Highest " + Label(high_) + " at " + place(high_at_) + ".");
  }
  if (gaps_ > 0) {
    lines.push_back(Print("%zu of %zu values are missing, not finite", gaps_, chart.zs.size()) +
                    (logarithmic_ ? " or not positive." : " or too large."));
  }
  return lines;
}

}  // namespace basin::client::format
