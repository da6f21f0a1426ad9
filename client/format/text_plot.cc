#include "client/format/text_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace basin::client::format {
namespace {

std::string Label(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.4g", value);
  return buffer;
}

// How high a column is, in eighths of a line.
int Eighths(double value, size_t height, const AxisScale& scale) {
  if (std::isnan(value)) return 0;
  const double whole = 8 * static_cast<double>(height);
  const double eighths = std::round(std::clamp(scale.Fraction(value), 0.0, 1.0) * whole);
  return static_cast<int>(std::max(value > scale.low() ? 1.0 : 0.0, eighths));
}

}  // namespace

std::string TextPlot(const std::vector<double>& columns, size_t height, const AxisScale& scale, const std::string& end,
                     const std::string& begin) {
  static constexpr const char* kEighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::string top = Label(scale.high()), bottom = Label(scale.low());
  const size_t width = std::max(top.size(), bottom.size());
  const auto axis = [width](const std::string& label) { return std::string(width - label.size(), ' ') + label + " "; };
  std::string out;
  for (size_t line = height; line-- > 0;) {
    out += axis(line + 1 == height ? top : "") + "┤";
    std::string cells;
    for (const double value : columns) {
      cells += kEighths[std::clamp<int>(Eighths(value, height, scale) - static_cast<int>(8 * line), 0, 8)];
    }
    out += cells.substr(0, cells.find_last_not_of(' ') + 1) + "\n";
  }
  out += axis(bottom) + "┼";
  for (size_t i = 0; i < columns.size(); ++i) out += "─";
  const size_t number = std::min(end.size(), end.find(' '));
  const size_t taken = begin.size() - 1 + number;
  const std::string gap(columns.size() > taken ? columns.size() - taken : 1, ' ');
  return out + "\n" + axis("") + begin + gap + end + "\n";
}

}  // namespace basin::client::format
