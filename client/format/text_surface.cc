#include "client/format/text_surface.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace basin::client::format {
namespace {

constexpr const char* kShades[] = {" ", "░", "▒", "▓", "█"};
constexpr int kLevels = 5;

std::string Label(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.3g", value);
  return buffer;
}

// At most `most` of the places 0 .. count - 1, evenly, the ends among them.
std::vector<size_t> Thinned(size_t count, size_t most) {
  std::vector<size_t> places;
  const size_t kept = std::min(count, std::max<size_t>(most, 2));
  for (size_t i = 0; i < kept; ++i) places.push_back(i * (count - 1) / (kept - 1));
  return places;
}

// Which of the places is nearest to zero.
size_t Nearest(const std::vector<double>& values, const std::vector<size_t>& places) {
  return *std::min_element(places.begin(), places.end(),
                           [&](size_t a, size_t b) { return std::abs(values[a]) < std::abs(values[b]); });
}

}  // namespace

std::string TextSurface(const std::vector<double>& xs, const std::vector<double>& ys, const std::vector<double>& values,
                        const AxisScale& scale, size_t most) {
  const std::vector<size_t> columns = Thinned(xs.size(), most), rows = Thinned(ys.size(), most);
  const size_t middle_x = Nearest(xs, columns), middle_y = Nearest(ys, rows);
  const std::string top = Label(ys[rows.back()]), bottom = Label(ys[rows.front()]);
  const size_t width = std::max(top.size(), bottom.size());
  std::string out;
  for (size_t r = rows.size(); r-- > 0;) {
    const std::string label = r + 1 == rows.size() ? top : r == 0 ? bottom : "";
    out += std::string(width - label.size(), ' ') + label + " ";
    for (const size_t column : columns) {
      const double value = values[rows[r] * xs.size() + column];
      const int level =
          std::isfinite(value) ? std::clamp(static_cast<int>(scale.Fraction(value) * kLevels), 0, kLevels - 1) : 0;
      const char* cell = std::isfinite(value) ? kShades[level] : "×";
      const bool middle = rows[r] == middle_y && column == middle_x;
      out += cell;
      out += middle ? "o" : cell;
    }
    out += "\n";
  }
  const std::string left = Label(xs[columns.front()]), right = Label(xs[columns.back()]);
  const size_t cells = 2 * columns.size(), taken = left.size() + right.size();
  out += std::string(width + 1, ' ') + left + std::string(cells > taken ? cells - taken : 1, ' ') + right + "\n";
  for (int level = 0; level < kLevels; ++level) {
    const double fraction = static_cast<double>(level) / kLevels;
    const double from = scale.logarithmic() ? scale.low() * std::pow(scale.high() / scale.low(), fraction)
                                            : scale.low() + fraction * (scale.high() - scale.low());
    out += (level == 0 ? "" : "  ") + Label(from) + " [" + kShades[level] + kShades[level] + "]";
  }
  return out + "  " + Label(scale.high()) + "\n";
}

}  // namespace basin::client::format
