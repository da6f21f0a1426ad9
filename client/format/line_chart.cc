#include "client/format/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "client/format/axis_scale.h"
#include "client/format/palette.h"
#include "client/format/svg.h"
#include "client/format/text_width.h"

namespace basin::client::format {
namespace {

// Pixels.
constexpr double kLeft = 76, kTop = 44, kPlotWidth = 760, kPlotHeight = 400, kRight = 24;
constexpr double kLegendTop = kTop + kPlotHeight + 66, kLegendLine = 19;
constexpr size_t kLegendCells = 124;  // A name that is longer is shortened.

// With the colors, what tells lines apart.
constexpr const char* kDashes[] = {"", "7 4", "2 3", "9 3 2 3"};
static_assert(kColorCount * std::size(kDashes) == kMostColored);

std::string StyleOf(size_t line) {
  const char* dash = kDashes[line / kColorCount % std::size(kDashes)];
  std::string style = Print("stroke=\"%s\"", kColors[line % kColorCount]);
  if (*dash != 0) style += Print(" stroke-dasharray=\"%s\"", dash);
  return style;
}

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void Add(double value) { low = std::min(low, value), high = std::max(high, value); }
  bool empty() const { return low > high; }
};

// All of the lines, and of their bands what widens that by a quarter at most: few seeds have very wide ones. No further
// below zero than the lines.
AxisScale VerticalScale(const LineChart& chart) {
  const auto place = [&](double y) { return chart.logarithmic_y ? std::log(y) : y; };
  Range lines, all;
  for (const ChartLine& line : chart.lines) {
    for (const ChartPoint& point : line.points) lines.Add(place(point.y));
  }
  if (lines.empty()) return AxisScale::Around(chart.logarithmic_y ? 0.1 : 0, 1, chart.logarithmic_y);
  const double room = (lines.high - lines.low) / 4;
  all = lines;
  for (const ChartLine& line : chart.lines) {
    for (const ChartPoint& point : line.points) {
      if (point.high) all.Add(std::min(place(*point.high), lines.high + room));
      const double floor = !chart.logarithmic_y && lines.low >= 0 ? 0 : lines.low - room;
      if (point.low && (*point.low > 0 || !chart.logarithmic_y)) {
        all.Add(std::max({place(*point.low), lines.low - room, floor}));
      }
    }
  }
  if (!chart.logarithmic_y) return AxisScale::Around(all.low, all.high, false);
  return AxisScale::Around(std::exp(all.low), std::exp(all.high), true);
}

// From zero, or from below it where the lines do.
AxisScale HorizontalScale(const LineChart& chart) {
  Range range;
  for (const ChartLine& line : chart.lines) {
    for (const ChartPoint& point : line.points) range.Add(point.x);
  }
  if (range.empty()) return {0, 1, false};
  const double low = std::min(range.low, 0.0), high = std::max(range.high, 0.0);
  return {low, low < high ? high : 1, false};
}

class Drawing {
 public:
  explicit Drawing(const LineChart& chart) : chart_(chart), x_(HorizontalScale(chart)), y_(VerticalScale(chart)) {}

  std::string Draw(bool in_page) {
    const size_t legend_lines = chart_.lines.size() + !chart_.background.empty();
    const double width = kLeft + kPlotWidth + kRight;
    const double height = kLegendTop + kLegendLine * static_cast<double>(legend_lines);
    const std::string size = Print("width=\"%g\" height=\"%g\" ", width, height);
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" " + (in_page ? "" : size) +
           Print("viewBox=\"0 0 %g %g\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n", width, height) +
           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    out_ += Print("<text x=\"%g\" y=\"26\" font-size=\"16\">", kLeft) + Escaped(chart_.title) + "</text>\n";
    out_ += Print("<clipPath id=\"plot\"><rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"/></clipPath>\n", kLeft,
                  kTop - 2, kPlotWidth + 2, kPlotHeight + 4);
    Axes();
    out_ += "<g clip-path=\"url(#plot)\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n";
    for (const ChartLine& line : chart_.background) Line(line, "stroke=\"#ccc\" stroke-width=\"1\"", "#ccc");
    for (size_t i = chart_.lines.size(); i-- > 0;) Band(chart_.lines[i], kColors[i % kColorCount]);
    for (size_t i = chart_.lines.size(); i-- > 0;) {
      Line(chart_.lines[i], StyleOf(i) + " stroke-width=\"1.8\"", kColors[i % kColorCount]);
    }
    out_ += "</g>\n";
    Legend();
    return out_ + "</svg>\n";
  }

 private:
  double X(double x) const { return kLeft + kPlotWidth * x_.Fraction(x); }
  // What is far outside stays near, so that no viewer's arithmetic overflows.
  double Y(double y) const { return kTop + kPlotHeight * (1 - std::clamp(y_.Fraction(y), -1.0, 2.0)); }

  void Axes() {
    for (const double tick : y_.Ticks()) {
      out_ += Print(
          "<path d=\"M%g %.2fh%g\" stroke=\"#e4e4e4\"/><text x=\"%g\" y=\"%.2f\" text-anchor=\"end\">%.6g</text>\n",
          kLeft, Y(tick), kPlotWidth, kLeft - 8, Y(tick) + 4, tick);
    }
    const double bottom = kTop + kPlotHeight;
    for (const double tick : x_.Ticks()) {
      out_ += Print(
          "<path d=\"M%.2f %gv5\" stroke=\"#888\"/><text x=\"%.2f\" y=\"%g\" text-anchor=\"middle\">%.6g</text>\n",
          X(tick), bottom, X(tick), bottom + 20, tick);
    }
    out_ += Print("<path d=\"M%g %gV%gh%g\" fill=\"none\" stroke=\"#888\"/>\n", kLeft, kTop, bottom, kPlotWidth);
    out_ += Print("<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">", kLeft + kPlotWidth / 2, bottom + 40) +
            Escaped(chart_.x_label) + "</text>\n";
    out_ += Print("<text transform=\"translate(18 %g) rotate(-90)\" text-anchor=\"middle\">", kTop + kPlotHeight / 2) +
            Escaped(chart_.y_label + (chart_.logarithmic_y ? ", logarithmic" : "")) + "</text>\n";
  }

  void Band(const ChartLine& line, const char* color) {
    // A piece for each run of points that have an interval.
    std::string there, back;
    const auto finish = [&] {
      if (!there.empty()) {
        out_ += "<path d=\"M" + there.substr(1) + back + "Z\" fill=\"" + color + "\" fill-opacity=\"0.11\"/>\n";
      }
      there.clear(), back.clear();
    };
    for (const ChartPoint& point : line.points) {
      if (!point.low || !point.high) {
        finish();
        continue;
      }
      there += Print("L%.2f %.2f", X(point.x), Y(*point.high));
      back = Print("L%.2f %.2f", X(point.x), Y(*point.low)) + back;
    }
    finish();
  }

  void Line(const ChartLine& line, const std::string& style, const char* color) {
    if (line.points.empty()) return;
    const std::string name = "<title>" + Escaped(line.name) + "</title>";
    if (line.points.size() == 1) {
      out_ += Print("<circle cx=\"%.2f\" cy=\"%.2f\" r=\"3\" fill=\"%s\">", X(line.points[0].x), Y(line.points[0].y),
                    color) +
              name + "</circle>\n";
      return;
    }
    out_ += "<path " + style + " d=\"";
    char command = 'M';
    for (const ChartPoint& point : line.points) {
      out_ += command + Print("%.2f %.2f", X(point.x), Y(point.y));
      command = 'L';
    }
    out_ += "\">" + name + "</path>\n";
  }

  void Legend() {
    double y = kLegendTop;
    const auto entry = [&](const std::string& style, const std::string& name) {
      out_ += Print("<path d=\"M%g %gh26\" ", kLeft, y - 4) + style +
              Print(" stroke-width=\"2.4\" fill=\"none\"/><text x=\"%g\" y=\"%g\">", kLeft + 36, y) + "<title>" +
              Escaped(name) + "</title>" + Escaped(Shorten(Printable(name), kLegendCells)) + "</text>\n";
      y += kLegendLine;
    };
    for (size_t i = 0; i < chart_.lines.size(); ++i) entry(StyleOf(i), chart_.lines[i].name);
    if (!chart_.background.empty()) entry("stroke=\"#ccc\"", chart_.background_name);
  }

  const LineChart& chart_;
  const AxisScale x_, y_;
  std::string out_;
};

}  // namespace

std::vector<ChartPoint> Thinned(uint64_t count, size_t most, const std::function<ChartPoint(uint64_t)>& point) {
  std::vector<ChartPoint> points;
  const uint64_t parts = std::min<uint64_t>(count, std::max<size_t>(most / 2, 1));
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t begin = count * part / parts, end = count * (part + 1) / parts;
    ChartPoint low = point(begin), high = low;
    for (uint64_t i = begin + 1; i < end; ++i) {
      const ChartPoint next = point(i);
      if (next.y < low.y) low = next;
      if (next.y > high.y) high = next;
    }
    points.push_back(low.x < high.x ? low : high);
    if (low.x != high.x) points.push_back(low.x < high.x ? high : low);
  }
  if (count > 0 && points.back().x != point(count - 1).x) points.push_back(point(count - 1));
  return points;
}

std::string SvgOf(const LineChart& chart) { return Drawing(chart).Draw(/*in_page=*/false); }

std::string HtmlOf(const LineChart& chart) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + Escaped(chart.title) +
         "</title>\n<style>\nbody { margin: 1em auto; max-width: 1100px; }\nsvg { width: 100%; height: auto; }\n"
         "g path:hover { stroke-width: 4; }\n</style>\n</head>\n<body>\n" +
         Drawing(chart).Draw(/*in_page=*/true) + "</body>\n</html>\n";
}

}  // namespace basin::client::format
