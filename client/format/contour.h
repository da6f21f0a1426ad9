#pragma once

#include <cstddef>
#include <vector>

namespace basin::client::format {

struct PlanePoint {
  double x = 0, y = 0;
  bool operator==(const PlanePoint&) const = default;
  bool operator<(const PlanePoint& other) const { return x != other.x ? x < other.x : y < other.y; }
};

// Values at the crossings of a grid's lines. REQUIRES: of xs and ys two or more each, ascending, finite; zs, row by row
// of one y, has xs.size() * ys.size(). A z that is NaN is a gap: the up to four cells around it have no contours.
struct ContourGrid {
  std::vector<double> xs, ys, zs;
};

struct ContourLine {
  std::vector<PlanePoint> points;  // Of a closed one the first is not repeated.
  bool closed = false;
};

// Where the surface has the value `level`, by marching squares: straight within a cell, between points where an edge of
// the grid, linearly interpolated, has the value. A line ends at the border of the grid or of a gap. In a cell with
// opposite corners above, these are joined if the mean of its corners is above.
std::vector<ContourLine> ContourLines(const ContourGrid& grid, double level);

// The outlines of where the surface is at the level or above, bordered by ContourLines: closed, the last point joins
// the first; counter-clockwise, and clockwise around a hole. All but the gaps for a level of minus infinity.
std::vector<std::vector<PlanePoint>> RegionAbove(const ContourGrid& grid, double level);

// Round values between low and high, ends excluded, ascending: as many as there are at steps of 1, 2 or 5 times a power
// of ten, `most` at most. Logarithmic ones are as evenly spread by their ratios, if high is more than five times low.
// None if low and high are the same up to rounding. REQUIRES: low <= high, both at most 1e300 in size; low > 0 for
// logarithmic ones; most >= 5.
std::vector<double> RoundLevels(double low, double high, bool logarithmic, size_t most);

}  // namespace basin::client::format
