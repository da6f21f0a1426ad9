#include "client/format/line_chart.h"

#include <algorithm>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

int CountOf(const std::string& text, const std::string& piece) {
  int count = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

LineChart SmallChart() {
  return {.title = "a <sweep> & more",
          .x_label = "epoch",
          .y_label = "val_loss",
          .lines = {{"one", {{1, 2.5, 2.0, 3.0}, {2, 1.5, 1.0, 2.0}}}, {"two", {{1, 2.75}, {2, 0.5}}}},
          .background = {{"three", {{1, 2}, {2, 2}}}},
          .background_name = "1 other config"};
}

TEST(LineChartTest, HasALineEachAndABandWhereThereIsAnInterval) {
  const std::string svg = SvgOf(SmallChart());
  EXPECT_EQ(CountOf(svg, "stroke-width=\"1.8\""), 2);
  EXPECT_EQ(CountOf(svg, "fill-opacity"), 1);
  EXPECT_THAT(svg, AllOf(HasSubstr(">one</text>"), HasSubstr(">two</text>"), HasSubstr(">1 other config</text>"),
                         HasSubstr(">epoch</text>"), HasSubstr(">val_loss</text>")));
}

TEST(LineChartTest, TextIsEscaped) {
  EXPECT_THAT(SvgOf(SmallChart()), AllOf(HasSubstr("a &lt;sweep&gt; &amp; more"), Not(HasSubstr("<sweep>"))));
  EXPECT_THAT(HtmlOf(SmallChart()), Not(HasSubstr("<sweep>")));
}

TEST(LineChartTest, TheAxisReachesOverTheLinesButNotOverTheGreyOnes) {
  LineChart chart = SmallChart();
  chart.background[0].points[0].y = 1e9;
  const std::string svg = SvgOf(chart);
  EXPECT_THAT(svg, HasSubstr(">3</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("e+")));
}

TEST(LineChartTest, AWideBandWidensTheAxisALittleOnly) {
  LineChart chart = SmallChart();
  chart.lines[0].points[0].low = -1000;
  chart.lines[0].points[0].high = 1000;
  const std::string svg = SvgOf(chart);
  EXPECT_THAT(svg, AllOf(Not(HasSubstr(">1000</text>")), Not(HasSubstr(">-"))));
}

TEST(LineChartTest, OnLogarithmsEveryDecadeHasItsTick) {
  LineChart chart = SmallChart();
  chart.logarithmic_y = true;
  chart.lines[0].points = {{1, 100, -5.0, 200.0}, {2, 0.01, 0.005, 0.02}};
  const std::string svg = SvgOf(chart);
  EXPECT_THAT(svg, AllOf(HasSubstr(">0.1</text>"), HasSubstr(">10</text>"), HasSubstr("val_loss, logarithmic"),
                         Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST(LineChartTest, ThePlotBeginsBelowZeroWhereALineDoes) {
  LineChart chart = SmallChart();
  chart.lines[0].points = {{-1, 2}, {1, 2}};
  EXPECT_THAT(SvgOf(chart), AllOf(HasSubstr(">-1</text>"), HasSubstr("d=\"M76.00 ")));
}

TEST(LineChartTest, ASinglePointIsADot) {
  LineChart chart = SmallChart();
  chart.lines[0].points.resize(1);
  EXPECT_EQ(CountOf(SvgOf(chart), "<circle"), 1);
}

TEST(LineChartTest, NothingToShowIsAnEmptyFrame) {
  EXPECT_THAT(SvgOf({.title = "t", .x_label = "x", .y_label = "y"}), AllOf(HasSubstr("<svg"), Not(HasSubstr("nan"))));
}

TEST(LineChartTest, EveryLineLooksDifferent) {
  LineChart chart = SmallChart();
  chart.lines.assign(kMostColored, chart.lines[1]);
  const std::string svg = SvgOf(chart);
  std::set<std::string> styles;
  for (size_t at = svg.find("h26\" "); at != std::string::npos; at = svg.find("h26\" ", at + 1)) {
    styles.insert(svg.substr(at, svg.find("stroke-width", at) - at));
  }
  EXPECT_THAT(styles, SizeIs(kMostColored + 1)) << "with the grey";
}

TEST(LineChartTest, LoadsNothingFromElsewhere) {
  const std::string html = HtmlOf(SmallChart());
  EXPECT_THAT(html, AllOf(HasSubstr("<!DOCTYPE html>"), HasSubstr("<svg"), Not(HasSubstr("href")),
                          Not(HasSubstr("<script")), Not(HasSubstr("src="))));
}

TEST(ThinnedTest, KeepsAllOfAFew) {
  const auto points = Thinned(5, 10, [](uint64_t i) { return ChartPoint{static_cast<double>(i), 1}; });
  EXPECT_THAT(points, SizeIs(5));
}

TEST(ThinnedTest, KeepsPeaksAndBothEnds) {
  const auto points = Thinned(100'000, 100, [](uint64_t i) {
    return ChartPoint{static_cast<double>(i), i == 54'321 ? 9.0 : i == 77'777 ? -9.0 : 0.0};
  });
  EXPECT_LE(points.size(), 101u);
  double top = 0, bottom = 0;
  for (const ChartPoint& point : points) top = std::max(top, point.y), bottom = std::min(bottom, point.y);
  EXPECT_EQ(top, 9);
  EXPECT_EQ(bottom, -9);
  EXPECT_EQ(points.front().x, 0);
  EXPECT_EQ(points.back().x, 99'999);
}

}  // namespace
}  // namespace basin::client::format
