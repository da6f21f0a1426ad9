#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace basin::client::format {

struct ChartPoint {
  double x = 0, y = 0;
  // An interval around y, shown as a band.
  std::optional<double> low = {}, high = {};
};

struct ChartLine {
  std::string name;
  std::vector<ChartPoint> points;  // By ascending x; finite.
};

// Lines over a common axis, as a picture.
struct LineChart {
  std::string title, x_label, y_label;
  bool logarithmic_y = false;  // REQUIRES: every y positive.
  // In colors of their own, with a legend; the first lies on top. At most kMostColored.
  std::vector<ChartLine> lines = {};
  // In grey, below the others and without names, for what the colored ones are compared with. They do not widen the
  // axes.
  std::vector<ChartLine> background = {};
  // What the grey lines are: "12 other configs".
  std::string background_name = {};
};

// Colors and dashes that can be told apart.
inline constexpr size_t kMostColored = 28;

// At most about `most` of the points 0 .. count - 1: of each of equal parts the lowest and the highest, and the last of
// all.
std::vector<ChartPoint> Thinned(uint64_t count, size_t most, const std::function<ChartPoint(uint64_t)>& point);

// Self-contained: no scripts, fonts or files of others. A line's full name shows when the pointer is over it.
std::string SvgOf(const LineChart& chart);
// The same in a page, as wide as its window.
std::string HtmlOf(const LineChart& chart);

}  // namespace basin::client::format
