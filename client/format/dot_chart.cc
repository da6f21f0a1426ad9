#include "client/format/dot_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "client/format/axis_scale.h"
#include "client/format/human.h"
#include "client/format/palette.h"
#include "client/format/svg.h"
#include "client/format/text_width.h"

namespace basin::client::format {
namespace {

// Pixels.
constexpr double kWidth = 860, kTop = 44, kRight = 90;
constexpr double kNames = 376, kRow = 34;                          // Of dots.
constexpr double kLeft = 76, kPlotHeight = 380, kLegendLine = 19;  // Of a scatter.
constexpr size_t kNameCells = 58, kNoteCells = 66, kLegendCells = 110;

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void Add(double value) { low = std::min(low, value), high = std::max(high, value); }
  AxisScale Scale(bool logarithmic) const {
    if (low > high) return AxisScale::Around(logarithmic ? 0.1 : 0, 1, logarithmic);
    return AxisScale::Around(low, high, logarithmic);
  }
};

std::string Begin(double height, const std::string& title, double left) {
  return Print("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" ", kWidth, height) +
         "font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n" +
         Print("<text x=\"%g\" y=\"24\" font-size=\"16\">", left) + Escaped(title) + "</text>\n";
}

// A text that is longer than `cells` shows when the pointer is over it.
std::string Text(double x, double y, const char* anchor, const std::string& text, size_t cells, const char* more = "") {
  const std::string shown = Shorten(Printable(text), cells);
  const std::string whole = shown == Printable(text) ? "" : "<title>" + Escaped(text) + "</title>";
  return Print("<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\"%s>", x, y, anchor, more) + whole + Escaped(shown) +
         "</text>\n";
}

// Ticks below a plot from `top` to `bottom`, with lines through it.
std::string HorizontalAxis(const AxisScale& scale, double left, double width, double top, double bottom,
                           const std::string& label) {
  std::string out;
  for (const double tick : scale.Ticks()) {
    const double x = left + width * scale.Fraction(tick);
    out += Print("<path d=\"M%.2f %gV%g\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>", x, top, bottom) +
           Print("<text x=\"%.2f\" y=\"%g\" text-anchor=\"middle\">%.6g</text>\n", x, bottom + 18, tick);
  }
  return out + Text(left + width / 2, bottom + 38, "middle", label + (scale.logarithmic() ? ", logarithmic" : ""),
                    kLegendCells);
}

}  // namespace

std::string SvgOf(const DotChart& chart) {
  // Intervals widen the axis by its own half at most: few seeds have very wide ones.
  Range values;
  const auto place = [&](double x) { return chart.logarithmic_x ? std::log(x) : x; };
  for (const ChartDot& dot : chart.dots) values.Add(place(dot.value));
  Range all = values;
  const double room = std::max((values.high - values.low) / 2, chart.logarithmic_x ? 0.1 : 0.0);
  for (const ChartDot& dot : chart.dots) {
    const bool narrow = room == 0;
    const auto add = [&](std::optional<double> end) {
      if (!end || (chart.logarithmic_x && !(*end > 0))) return;
      all.Add(narrow ? place(*end) : std::clamp(place(*end), values.low - room, values.high + room));
    };
    add(dot.low), add(dot.high);
  }
  if (chart.logarithmic_x) all.low = std::exp(all.low), all.high = std::exp(all.high);
  const AxisScale scale = all.Scale(chart.logarithmic_x);

  const double plot = kWidth - kNames - kRight, bottom = kTop + kRow * static_cast<double>(chart.dots.size());
  const auto x_of = [&](double x) { return kNames + plot * std::clamp(scale.Fraction(x), 0.0, 1.0); };
  std::string out = Begin(bottom + 52, chart.title, 0);
  out += HorizontalAxis(scale, kNames, plot, kTop, bottom, chart.x_label);
  double y = kTop + kRow / 2;
  for (const ChartDot& dot : chart.dots) {
    out += Text(kNames - 14, dot.note.empty() ? y + 4 : y - 2, "end", dot.name, kNameCells);
    if (!dot.note.empty()) {
      out += Text(kNames - 14, y + 12, "end", dot.note, kNoteCells, " font-size=\"10.5\" fill-opacity=\"0.7\"");
    }
    if (dot.low && dot.high) {
      out += Print("<path d=\"M%.2f %gH%.2f\" stroke=\"%s\" stroke-width=\"3\" stroke-opacity=\"0.5\"/>\n",
                   x_of(*dot.low), y, x_of(*dot.high), kColors[0]);
    }
    out += Print("<circle cx=\"%.2f\" cy=\"%g\" r=\"5\" fill=\"%s\"/>\n", x_of(dot.value), y, kColors[0]);
    out += Text(kWidth - kRight + 14, y + 4, "start", HumanReal(dot.value), kNameCells);
    y += kRow;
  }
  return out + "</svg>\n";
}

std::string SvgOf(const ScatterChart& chart) {
  Range xs, ys;
  for (const ScatterGroup& group : chart.groups) {
    for (const ScatterGroup::Point& point : group.points) xs.Add(point.x), ys.Add(point.y);
  }
  const AxisScale x = xs.Scale(chart.logarithmic_x), y = ys.Scale(false);
  const double plot = kWidth - kLeft - 24, bottom = kTop + kPlotHeight, legend = bottom + 66;
  const auto y_of = [&](double value) { return bottom - kPlotHeight * y.Fraction(value); };
  std::string out = Begin(legend + kLegendLine * static_cast<double>(chart.groups.size()), chart.title, kLeft) +
                    HorizontalAxis(x, kLeft, plot, kTop, bottom, chart.x_label);
  for (const double tick : y.Ticks()) {
    out += Print("<path d=\"M%g %.2fh%g\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>", kLeft, y_of(tick), plot) +
           Print("<text x=\"%g\" y=\"%.2f\" text-anchor=\"end\">%.6g</text>\n", kLeft - 8, y_of(tick) + 4, tick);
  }
  out += Print("<text transform=\"translate(18 %g) rotate(-90)\" text-anchor=\"middle\">", kTop + kPlotHeight / 2) +
         Escaped(chart.y_label) + "</text>\n";
  for (size_t i = 0; i < chart.groups.size(); ++i) {
    const char* color = kColors[i % kColorCount];
    for (const ScatterGroup::Point& point : chart.groups[i].points) {
      out += Print("<circle cx=\"%.2f\" cy=\"%.2f\" r=\"4.5\" fill=\"%s\" fill-opacity=\"0.75\"/>\n",
                   kLeft + plot * x.Fraction(point.x), y_of(point.y), color);
    }
    const double line = legend + kLegendLine * static_cast<double>(i);
    out += Print("<circle cx=\"%g\" cy=\"%g\" r=\"4.5\" fill=\"%s\"/>", kLeft + 8, line - 4, color) +
           Text(kLeft + 22, line, "start", chart.groups[i].name, kLegendCells);
  }
  return out + "</svg>\n";
}

}  // namespace basin::client::format
