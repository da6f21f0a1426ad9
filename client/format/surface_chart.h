#pragma once

#include <optional>
#include <string>
#include <vector>

namespace basin::client::format {

struct SurfacePoint {
  double x = 0, y = 0;  // Finite.
  std::string name;
};

// A value over a plane, say the loss around the weights of a trained network, as a picture.
struct SurfaceChart {
  std::string title, x_label, y_label, z_label;
  // Ascending, finite. REQUIRES: two or more each.
  std::vector<double> xs = {}, ys = {};
  // xs.size() * ys.size(), row by row of one y. What is missing is NaN; that, infinities and more than 1e300 are shown
  // as gaps, and so is what has no logarithm where that is wanted.
  std::vector<double> zs = {};
  // Heights and colors by the logarithms.
  bool logarithmic_z = false;
  // With logarithms, lower values have the height of this one, which has to be positive. Without it, what is not
  // positive is a gap.
  std::optional<double> floor_z = {};
  // Levels and colors go from here, or the least z, to there, or the greatest: the same for pictures to compare.
  std::optional<double> least_z = {}, greatest_z = {};
  // A line drawn on the surface, such as the way that a training took; each point's name shows when the pointer is over
  // it. What lies outside the grid is cut off.
  std::vector<SurfacePoint> path = {};
  // Points shown with their names. Those outside the grid are left out.
  std::vector<SurfacePoint> marks = {};
};

// A contour map. Self-contained: no scripts, fonts or files of others.
std::string SvgOf(const SurfaceChart& chart);

// A page with a 3-D view to turn and zoom, and the contour map, beside each other where the window is wide. All in one
// file of some 3 MB that loads nothing: plotly.js is in it, compressed. A browser that cannot unpack or run that shows
// what SvgOf draws, and says why. Light or dark as the browser prefers.
std::string HtmlOf(const SurfaceChart& chart);

}  // namespace basin::client::format
