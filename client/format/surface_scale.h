#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/format/contour.h"
#include "client/format/surface_chart.h"

namespace basin::client::format {

// How a surface's values become heights, contour levels and colors: the same in each of its pictures. The n levels part
// the values into n + 1 bands, each of one color.
class SurfaceScale {
 public:
  explicit SurfaceScale(const SurfaceChart& chart);

  // The surface with each z as its height: itself or its decimal logarithm; NaN for a gap.
  const ContourGrid& grid() const { return grid_; }
  // The least and the greatest z that is shown; both zero if none is.
  double low() const { return low_; }
  double high() const { return high_; }
  // Of the zs, those that are shown as gaps.
  size_t gaps() const { return gaps_; }
  // z at the contour lines, ascending, between low and high; few or none if these are the same.
  const std::vector<double>& levels() const { return levels_; }
  // Some of the round values from low to high, enough for an axis.
  std::vector<double> Ticks() const;

  // NaN for a gap.
  double Height(double z) const;
  // Where z is among the levels: 0 at the first, 1 at the second, between them by height. From -1 to levels().size().
  // REQUIRES: shown.
  double Place(double z) const;
  // The surface's height at a point, linear in x and in y within a cell; NaN outside the grid and in a gap.
  double HeightAt(double x, double y) const;

  // "#rrggbb" of the band below levels()[band], or above the last.
  std::string Color(size_t band) const;
  // The value with as many digits as set the levels apart.
  std::string Label(double z) const;
  // Two or three sentences: where the surface is lowest and highest, and how much of it is missing.
  std::vector<std::string> Summary(const SurfaceChart& chart) const;

 private:
  std::vector<double> LevelsBetween(double low, double high, size_t most) const;

  const bool logarithmic_;
  const double floor_;  // 0 if there is none.
  ContourGrid grid_;
  double low_ = 0, high_ = 0;
  size_t low_at_ = 0, high_at_ = 0;  // Indices of z.
  size_t gaps_ = 0;
  std::vector<double> levels_;
};

}  // namespace basin::client::format
