#pragma once

#include <optional>
#include <string>
#include <vector>

namespace basin::client::format {

struct ChartDot {
  std::string name;
  std::string note;  // In smaller letters below the name; may be empty.
  double value = 0;  // Finite.
  std::optional<double> low = {}, high = {};
};

// Values with their intervals, one below the other over a common axis.
struct DotChart {
  std::string title, x_label;
  bool logarithmic_x = false;  // REQUIRES: every value positive.
  std::vector<ChartDot> dots = {};
};

// Self-contained, in the color of the text around it.
std::string SvgOf(const DotChart& chart);

struct ScatterGroup {
  std::string name;
  struct Point {
    double x = 0, y = 0;  // Finite.
  };
  std::vector<Point> points;
};

// Points over two axes, a color for each of the groups.
struct ScatterChart {
  std::string title, x_label, y_label;
  bool logarithmic_x = false;  // REQUIRES: every x positive.
  std::vector<ScatterGroup> groups = {};
};

std::string SvgOf(const ScatterChart& chart);

}  // namespace basin::client::format
