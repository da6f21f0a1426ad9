#include "client/format/surface_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "client/format/axis_scale.h"
#include "client/format/contour.h"
#include "client/format/surface_scale.h"
#include "client/format/svg.h"
#include "client/format/text_width.h"

namespace basin::client::format {
namespace {

// Pixels.
constexpr double kLeft = 76, kTop = 44, kPlotSize = 520;
constexpr double kBarLeft = kLeft + kPlotSize + 28, kBarWidth = 20, kWidth = kBarLeft + kBarWidth + 92;
constexpr double kCharacter = 6.9, kLine = 18;  // Of a text in the default size: about.
constexpr size_t kTitleCells = 84, kSummaryCells = 110, kNameCells = 40;
constexpr double kBottom = kTop + kPlotSize;

struct Box {
  double left, top, right, bottom;
  bool Overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

class Drawing {
 public:
  explicit Drawing(const SurfaceChart& chart)
      : chart_(chart),
        scale_(chart),
        x_(chart.xs.front(), chart.xs.back(), false),
        y_(chart.ys.front(), chart.ys.back(), false) {}

  std::string Draw() {
    const std::vector<std::string> summary = scale_.Summary(chart_);
    const double height = kBottom + 62 + kLine * static_cast<double>(summary.size());
    out_ = Print("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\" ", kWidth,
                 height, kWidth, height) +
           "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    out_ += Print("<text x=\"%g\" y=\"26\" font-size=\"16\"><title>", kLeft) + Escaped(chart_.title) + "</title>" +
            Escaped(Shorten(Printable(chart_.title), kTitleCells)) + "</text>\n";
    out_ += Print("<clipPath id=\"plot\"><rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"/></clipPath>\n", kLeft,
                  kTop, kPlotSize, kPlotSize) +
            "<pattern id=\"gap\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
            "<rect width=\"8\" height=\"8\" fill=\"#eee\"/><path d=\"M0 8L8 0\" stroke=\"#bbb\"/></pattern>\n";
    Surface();
    Axes();
    Path();
    Marks();
    Legend();
    double y = kBottom + 66;
    for (const std::string& line : summary) {
      out_ += Print("<text x=\"%g\" y=\"%g\" fill=\"#666\">", kLeft, y) +
              Escaped(Shorten(Printable(line), kSummaryCells)) + "</text>\n";
      y += kLine;
    }
    return out_ + "</svg>\n";
  }

 private:
  // What is far outside stays near, so that no viewer's arithmetic overflows.
  double X(double x) const { return kLeft + kPlotSize * std::clamp(x_.Fraction(x), -10.0, 10.0); }
  double Y(double y) const { return kTop + kPlotSize * (1 - std::clamp(y_.Fraction(y), -10.0, 10.0)); }

  std::string PathOf(const std::vector<PlanePoint>& points, bool closed) const {
    std::string path;
    for (const PlanePoint& point : points)
      path += Print("%c%.2f %.2f", path.empty() ? 'M' : 'L', X(point.x), Y(point.y));
    return closed ? path + "Z" : path;
  }

  // Gaps below, then each band over all of the bands under it, so that no seam shows between two.
  void Surface() {
    out_ += Print("<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"url(#gap)\"/>\n", kLeft, kTop, kPlotSize,
                  kPlotSize);
    const std::vector<double>& levels = scale_.levels();
    for (size_t band = 0; band <= levels.size(); ++band) {
      const double from = band == 0 ? -std::numeric_limits<double>::infinity() : scale_.Height(levels[band - 1]);
      std::string path;
      for (const auto& outline : RegionAbove(scale_.grid(), from)) path += PathOf(outline, true);
      if (!path.empty()) {
        out_ += "<path class=\"band\" fill=\"" + scale_.Color(band) + "\" d=\"" + path + "\"/>\n";
      }
    }
    out_ += "<g fill=\"none\" stroke=\"black\" stroke-opacity=\"0.45\" stroke-width=\"0.8\">\n";
    for (const double level : levels) {
      std::string path;
      for (const ContourLine& line : ContourLines(scale_.grid(), scale_.Height(level))) {
        path += PathOf(line.points, line.closed);
      }
      if (!path.empty()) out_ += "<path d=\"" + path + "\"><title>" + scale_.Label(level) + "</title></path>\n";
    }
    out_ += "</g>\n";
  }

  void Axes() {
    for (const double tick : y_.Ticks()) {
      out_ +=
          Print("<path d=\"M%g %.2fh-5\" stroke=\"#888\"/><text x=\"%g\" y=\"%.2f\" text-anchor=\"end\">%.6g</text>\n",
                kLeft, Y(tick), kLeft - 8, Y(tick) + 4, tick);
    }
    for (const double tick : x_.Ticks()) {
      out_ += Print(
          "<path d=\"M%.2f %gv5\" stroke=\"#888\"/><text x=\"%.2f\" y=\"%g\" text-anchor=\"middle\">%.6g</text>\n",
          X(tick), kBottom, X(tick), kBottom + 20, tick);
    }
    out_ += Print("<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"none\" stroke=\"#888\"/>\n", kLeft, kTop,
                  kPlotSize, kPlotSize);
    out_ += Print("<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">", kLeft + kPlotSize / 2, kBottom + 42) +
            Escaped(chart_.x_label) + "</text>\n";
    out_ += Print("<text transform=\"translate(18 %g) rotate(-90)\" text-anchor=\"middle\">", kTop + kPlotSize / 2) +
            Escaped(chart_.y_label) + "</text>\n";
  }

  void Path() {
    if (chart_.path.empty()) return;
    std::vector<PlanePoint> points;
    for (const SurfacePoint& point : chart_.path) points.push_back({point.x, point.y});
    const std::string line = PathOf(points, false);
    // White on black shows on any color.
    out_ +=
        "<g clip-path=\"url(#plot)\" fill=\"none\" stroke-linejoin=\"round\">\n<path stroke=\"black\" "
        "stroke-width=\"4\" d=\"" +
        line + "\"/>\n<path stroke=\"white\" stroke-width=\"2\" d=\"" + line + "\"/>\n";
    for (const SurfacePoint& point : chart_.path) {
      out_ +=
          Print("<circle cx=\"%.2f\" cy=\"%.2f\" r=\"3\" fill=\"white\" stroke=\"black\">", X(point.x), Y(point.y)) +
          "<title>" + Escaped(point.name) + "</title></circle>\n";
    }
    out_ += "</g>\n";
  }

  void Marks() {
    const auto inside = [&](const SurfacePoint& mark) {
      return mark.x >= x_.low() && mark.x <= x_.high() && mark.y >= y_.low() && mark.y <= y_.high();
    };
    std::vector<Box> taken;
    for (const SurfacePoint& mark : chart_.marks) {
      if (!inside(mark)) continue;
      const double x = X(mark.x), y = Y(mark.y);
      taken.push_back({x - 6, y - 6, x + 6, y + 6});
      out_ += Print("<circle cx=\"%.2f\" cy=\"%.2f\" r=\"5\" fill=\"#e0482f\" stroke=\"white\" stroke-width=\"1.5\">",
                    x, y) +
              "<title>" + Escaped(mark.name) + "</title></circle>\n";
    }
    for (const SurfacePoint& mark : chart_.marks) {
      if (!inside(mark)) continue;
      const std::string name = Shorten(Printable(mark.name), kNameCells);
      const std::optional<Label> label = PlaceFor(X(mark.x), Y(mark.y), name, taken);
      if (!label) continue;
      taken.push_back(label->box);
      out_ += Print("<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\" ", label->x, label->box.bottom - 4, label->anchor) +
              "stroke=\"white\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\">" + Escaped(name) +
              "</text>\n";
    }
  }

  struct Label {
    Box box;
    double x;
    const char* anchor;  // Of the text at x.
  };

  // Where a name beside (x, y) is within the plot and on nothing else: right, left, above or below.
  static std::optional<Label> PlaceFor(double x, double y, const std::string& name, const std::vector<Box>& taken) {
    const double width = kCharacter * static_cast<double>(TextWidth(name)), half = width / 2;
    const auto fits = [&](const Box& box) {
      return box.left >= kLeft && box.right <= kLeft + kPlotSize && box.top >= kTop && box.bottom <= kBottom &&
             std::none_of(taken.begin(), taken.end(), [&](const Box& other) { return box.Overlaps(other); });
    };
    for (const Label& label : {Label{{x + 9, y - 8, x + 9 + width, y + 8}, x + 9, "start"},
                               Label{{x - 9 - width, y - 8, x - 9, y + 8}, x - 9, "end"},
                               Label{{x - half, y - 24, x + half, y - 8}, x, "middle"},
                               Label{{x - half, y + 8, x + half, y + 24}, x, "middle"}}) {
      if (fits(label.box)) return label;
    }
    return std::nullopt;
  }

  void Legend() {
    const std::vector<double>& levels = scale_.levels();
    const double bands = static_cast<double>(levels.size()) + 1;
    const double height = (kPlotSize - 30) / bands;
    double bottom = kBottom;
    if (scale_.gaps() < chart_.zs.size()) {
      for (size_t band = 0; band <= levels.size(); ++band, bottom -= height) {
        out_ += Print("<rect x=\"%g\" y=\"%.2f\" width=\"%g\" height=\"%.2f\" fill=\"%s\"/>\n", kBarLeft,
                      bottom - height, kBarWidth, height, scale_.Color(band).c_str());
        if (band == levels.size()) break;
        out_ += Print("<path d=\"M%g %.2fh4\" stroke=\"#888\"/>", kBarLeft + kBarWidth, bottom - height) +
                Print("<text x=\"%g\" y=\"%.2f\">", kBarLeft + kBarWidth + 8, bottom - height + 4) +
                scale_.Label(levels[band]) + "</text>\n";
      }
      if (levels.empty()) {
        out_ += Print("<text x=\"%g\" y=\"%.2f\">", kBarLeft + kBarWidth + 8, kBottom - height / 2 + 4) +
                scale_.Label(scale_.low()) + "</text>\n";
      }
    }
    if (scale_.gaps() > 0) {
      out_ += Print("<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"14\" fill=\"url(#gap)\"/>", kBarLeft, kBottom + 30,
                    kBarWidth) +
              Print("<text x=\"%g\" y=\"%g\">no value</text>\n", kBarLeft + kBarWidth + 8, kBottom + 41);
    }
    const double middle = kTop + 30 + (kPlotSize - 30) / 2;
    out_ += Print("<text transform=\"translate(%g %g) rotate(-90)\" text-anchor=\"middle\">", kWidth - 14, middle) +
            Escaped(chart_.z_label + (chart_.logarithmic_z ? ", logarithmic" : "")) + "</text>\n";
  }

  const SurfaceChart& chart_;
  const SurfaceScale scale_;
  const AxisScale x_, y_;
  std::string out_;
};

}  // namespace

std::string SvgOf(const SurfaceChart& chart) { return Drawing(chart).Draw(); }

}  // namespace basin::client::format
