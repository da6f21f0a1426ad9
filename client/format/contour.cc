#include "client/format/contour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

namespace basin::client::format {
namespace {

// The part of one cell that is at the level or above.
struct CellPart {
  std::vector<std::vector<PlanePoint>> polygons;  // Counter-clockwise.
  struct Segment {
    size_t from_edge, to_edge;  // What is above lies to its left.
    PlanePoint from;
    PlanePoint to;
  };
  std::vector<Segment> segments;
};

class Cells {
 public:
  Cells(const ContourGrid& grid, double level) : grid_(grid), level_(level) {}

  size_t columns() const { return grid_.xs.size() - 1; }
  size_t rows() const { return grid_.ys.size() - 1; }

  CellPart Part(size_t column, size_t row) const {
    // Counter-clockwise, with the edge from each to the next.
    const std::array<Corner, 4> corners = {
        Corner{column, row}, {column + 1, row}, {column + 1, row + 1}, {column, row + 1}};
    double sum = 0;
    int above = 0;
    for (const Corner& corner : corners) {
      const double z = Z(corner);
      if (std::isnan(z)) return {};
      sum += z;
      above += z >= level_;
    }
    CellPart part;
    if (above == 0) return part;
    if (above == 4) {
      part.polygons.push_back({Point(corners[0]), Point(corners[1]), Point(corners[2]), Point(corners[3])});
      return part;
    }
    // Each run of corners that are above, with the points where the border comes in and goes out.
    struct Run {
      std::vector<PlanePoint> points;
      size_t in_edge = 0, out_edge = 0;
    };
    std::vector<Run> runs;
    for (size_t i = 0; i < 4; ++i) {
      const Corner &before = corners[(i + 3) % 4], &first = corners[i];
      if (Above(before) || !Above(first)) continue;
      Run run{{Crossing(before, first)}, Edge(before, first), 0};
      size_t k = i;
      for (; Above(corners[k % 4]); ++k) run.points.push_back(Point(corners[k % 4]));
      run.points.push_back(Crossing(corners[(k - 1) % 4], corners[k % 4]));
      run.out_edge = Edge(corners[(k - 1) % 4], corners[k % 4]);
      runs.push_back(std::move(run));
    }
    const bool joined = runs.size() == 2 && sum / 4 >= level_;
    for (size_t i = 0; i < runs.size(); ++i) {
      const Run& next = runs[joined ? 1 - i : i];
      part.segments.push_back({runs[i].out_edge, next.in_edge, runs[i].points.back(), next.points.front()});
      if (joined && i == 1) {
        part.polygons[0].insert(part.polygons[0].end(), runs[1].points.begin(), runs[1].points.end());
      } else {
        part.polygons.push_back(runs[i].points);
      }
    }
    return part;
  }

 private:
  struct Corner {
    size_t column, row;
  };

  double Z(const Corner& corner) const { return grid_.zs[corner.row * grid_.xs.size() + corner.column]; }
  bool Above(const Corner& corner) const { return Z(corner) >= level_; }
  PlanePoint Point(const Corner& corner) const { return {grid_.xs[corner.column], grid_.ys[corner.row]}; }

  // A number of its own for each edge of the grid.
  size_t Edge(const Corner& a, const Corner& b) const {
    const size_t corner = std::min(a.row, b.row) * grid_.xs.size() + std::min(a.column, b.column);
    return 2 * corner + (a.row != b.row);
  }

  // The same bits from either end.
  PlanePoint Crossing(Corner a, Corner b) const {
    if (b.row < a.row || b.column < a.column) std::swap(a, b);
    const double part = (level_ - Z(a)) / (Z(b) - Z(a));
    const PlanePoint from = Point(a), to = Point(b);
    return {from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)};
  }

  const ContourGrid& grid_;
  const double level_;
};

std::vector<double> LinearLevels(double low, double high, size_t most) {
  const double span = high - low;
  if (!(span > 1e-300 + 1e-12 * std::max(std::abs(low), std::abs(high)))) return {};
  for (double power = std::pow(10, std::floor(std::log10(span / static_cast<double>(most))) - 1);; power *= 10) {
    for (const double mantissa : {1, 2, 5}) {
      const double step = mantissa * power;
      std::vector<double> levels;
      for (double k = std::floor(low / step); levels.size() <= most && k * step < high; ++k) {
        if (k * step > low) levels.push_back(k * step + 0.0);  // Not a negative zero.
      }
      if (levels.size() <= most) return levels;
    }
  }
}

}  // namespace

std::vector<ContourLine> ContourLines(const ContourGrid& grid, double level) {
  const Cells cells(grid, level);
  std::map<size_t, CellPart::Segment> by_start;
  std::set<size_t> ends;
  for (size_t row = 0; row < cells.rows(); ++row) {
    for (size_t column = 0; column < cells.columns(); ++column) {
      for (const CellPart::Segment& segment : cells.Part(column, row).segments) {
        by_start.emplace(segment.from_edge, segment);
        ends.insert(segment.to_edge);
      }
    }
  }
  std::vector<ContourLine> lines;
  const auto follow = [&](size_t edge, bool closed) {
    ContourLine line{{by_start.at(edge).from}, closed};
    for (auto next = by_start.find(edge); next != by_start.end(); next = by_start.find(edge)) {
      edge = next->second.to_edge;
      // Through a corner of the grid a line crosses several edges at one point.
      if (next->second.to != line.points.back()) line.points.push_back(next->second.to);
      by_start.erase(next);
    }
    if (closed && line.points.size() > 1) line.points.pop_back();
    if (line.points.size() > 1) lines.push_back(std::move(line));
  };
  std::vector<size_t> starts;
  for (const auto& [edge, segment] : by_start) {
    if (!ends.contains(edge)) starts.push_back(edge);
  }
  for (const size_t edge : starts) follow(edge, false);
  while (!by_start.empty()) follow(by_start.begin()->first, true);
  return lines;
}

std::vector<std::vector<PlanePoint>> RegionAbove(const ContourGrid& grid, double level) {
  const Cells cells(grid, level);
  // The sides of all cells' parts; a side that two parts share, once in each direction, borders nothing.
  std::map<PlanePoint, std::vector<PlanePoint>> sides;
  const auto take = [&](const PlanePoint& from, const PlanePoint& to) {
    const auto found = sides.find(from);
    if (found == sides.end()) return false;
    const auto end = std::find(found->second.begin(), found->second.end(), to);
    if (end == found->second.end()) return false;
    found->second.erase(end);
    if (found->second.empty()) sides.erase(found);
    return true;
  };
  for (size_t row = 0; row < cells.rows(); ++row) {
    for (size_t column = 0; column < cells.columns(); ++column) {
      for (const std::vector<PlanePoint>& polygon : cells.Part(column, row).polygons) {
        for (size_t i = 0; i < polygon.size(); ++i) {
          const PlanePoint &from = polygon[i], &to = polygon[(i + 1) % polygon.size()];
          if (from != to && !take(to, from)) sides[from].push_back(to);
        }
      }
    }
  }
  std::vector<std::vector<PlanePoint>> outlines;
  while (!sides.empty()) {
    std::vector<PlanePoint> outline;
    PlanePoint at = sides.begin()->first;
    for (auto next = sides.find(at); next != sides.end(); next = sides.find(at)) {
      const PlanePoint to = next->second.back();
      take(at, to);
      // Straight on along a line of the grid: the point between is not needed.
      const size_t n = outline.size();
      const bool straight =
          n > 0 && ((outline[n - 1].x == at.x && at.x == to.x) || (outline[n - 1].y == at.y && at.y == to.y));
      if (!straight) outline.push_back(at);
      at = to;
    }
    outlines.push_back(std::move(outline));
  }
  return outlines;
}

std::vector<double> RoundLevels(double low, double high, bool logarithmic, size_t most) {
  if (!logarithmic || high <= 5 * low) return LinearLevels(low, high, most);
  // Within a decade, the most first; then every decade, every second, and so on.
  static const std::vector<double> kMantissas[] = {{1, 1.5, 2, 3, 4, 5, 6, 8}, {1, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}};
  for (size_t coarseness = 0;; ++coarseness) {
    const size_t last = std::size(kMantissas) - 1;
    const int stride = coarseness <= last ? 1 : static_cast<int>(coarseness - last + 1);
    const int first = static_cast<int>(std::floor(std::log10(low))), end = static_cast<int>(std::log10(high)) + 1;
    std::vector<double> levels;
    for (int exponent = first - first % stride - stride; exponent <= end; exponent += stride) {
      for (const double mantissa : kMantissas[std::min(coarseness, last)]) {
        const double level = mantissa * std::pow(10, exponent);
        if (level > low && level < high) levels.push_back(level);
      }
    }
    if (levels.size() <= most) return levels;
  }
}

}  // namespace basin::client::format
