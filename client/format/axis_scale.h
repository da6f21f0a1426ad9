#pragma once

#include <vector>

namespace basin::client::format {

// The values along an axis: from `low` to `high`, evenly or by their logarithms.
class AxisScale {
 public:
  // REQUIRES: finite, low < high; low > 0 for a logarithmic one.
  AxisScale(double low, double high, bool logarithmic) : low_(low), high_(high), logarithmic_(logarithmic) {}
  // One that has all of low .. high and ends on round numbers. Zero begins it where nothing is below and that costs
  // little room. REQUIRES: finite, low <= high; low > 0 for a logarithmic one.
  static AxisScale Around(double low, double high, bool logarithmic);

  double low() const { return low_; }
  double high() const { return high_; }
  bool logarithmic() const { return logarithmic_; }
  // 0 at the low end, 1 at the high end; beyond where the value is. The logarithm of what has none lies far below.
  double Fraction(double value) const;
  // The round numbers to label, some five, ascending.
  std::vector<double> Ticks() const;

 private:
  double low_, high_;
  bool logarithmic_;
};

}  // namespace basin::client::format
