#include "client/format/surface_chart.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

int CountOf(const std::string& text, const std::string& piece) {
  int count = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

// z = x over the square from 0 to 10.
SurfaceChart Plane() {
  SurfaceChart chart{.title = "a <surface> & more", .x_label = "alpha", .y_label = "beta", .z_label = "test loss"};
  for (int i = 0; i <= 10; ++i) chart.xs.push_back(i);
  chart.ys = chart.xs;
  for (size_t i = 0; i < chart.ys.size(); ++i) chart.zs.insert(chart.zs.end(), chart.xs.begin(), chart.xs.end());
  return chart;
}

TEST(SurfaceChartTest, AContourLineLiesWhereTheSurfaceHasItsLevel) {
  // The plot is 520 pixels wide, from 76.
  EXPECT_THAT(SvgOf(Plane()), AllOf(HasSubstr("M284.00 44.00L284.00 96.00L"), HasSubstr("<title>4</title>")));
}

TEST(SurfaceChartTest, HasABandOfItsColorBetweenLevels) {
  const std::string svg = SvgOf(Plane());
  EXPECT_EQ(CountOf(svg, "class=\"band\""), 10) << "nine levels";
  EXPECT_EQ(CountOf(svg, "\"#440154\""), 2) << "the lowest band, and its place in the legend";
}

TEST(SurfaceChartTest, LegendAndAxesAreLabelled) {
  EXPECT_THAT(SvgOf(Plane()),
              AllOf(HasSubstr(">alpha</text>"), HasSubstr(">beta</text>"), HasSubstr(">test loss</text>"),
                    HasSubstr(">9</text>"), Not(HasSubstr("no value"))));
}

TEST(SurfaceChartTest, OnLogarithmsSaysSo) {
  SurfaceChart chart = Plane();
  chart.logarithmic_z = true;
  EXPECT_THAT(SvgOf(chart), AllOf(HasSubstr(">test loss, logarithmic</text>"), HasSubstr("no value")))
      << "zero has no logarithm";
}

TEST(SurfaceChartTest, TextIsEscaped) {
  SurfaceChart chart = Plane();
  chart.marks = {{5, 5, "<b>"}};
  chart.path = {{1, 1, "<i>"}};
  chart.x_label = "<x>";
  EXPECT_THAT(SvgOf(chart), AllOf(HasSubstr("a &lt;surface&gt; &amp; more"), Not(HasSubstr("<surface>")),
                                  Not(HasSubstr("<b>")), Not(HasSubstr("<i>")), Not(HasSubstr("<x>"))));
}

TEST(SurfaceChartTest, AGapIsLeftOutAndNamed) {
  SurfaceChart chart = Plane();
  chart.zs[0] = kNan;
  const std::string svg = SvgOf(chart);
  EXPECT_THAT(svg, AllOf(HasSubstr("no value"), HasSubstr("1 of 121 values"), Not(HasSubstr("nan"))));
  EXPECT_EQ(CountOf(svg, "M76.00 564.00"), 0) << "the corner";
  EXPECT_EQ(CountOf(SvgOf(Plane()), "M76.00 564.00"), 1);
}

TEST(SurfaceChartTest, NothingToShowIsAnEmptyFrame) {
  SurfaceChart chart = Plane();
  chart.zs.assign(chart.zs.size(), kNan);
  EXPECT_THAT(SvgOf(chart), AllOf(HasSubstr("no value"), Not(HasSubstr("class=\"band\"")), Not(HasSubstr("nan")),
                                  Not(HasSubstr("Lowest"))));
}

TEST(SurfaceChartTest, AConstantSurfaceHasOneColor) {
  SurfaceChart chart = Plane();
  chart.zs.assign(chart.zs.size(), 2.5);
  const std::string svg = SvgOf(chart);
  EXPECT_EQ(CountOf(svg, "class=\"band\""), 1);
  EXPECT_THAT(svg, AllOf(HasSubstr(">2.5</text>"), Not(HasSubstr("nan"))));
}

TEST(SurfaceChartTest, MarksInsideAreNamed) {
  SurfaceChart chart = Plane();
  chart.marks = {{5, 5, "trained"}, {11, 5, "outside"}};
  EXPECT_THAT(SvgOf(chart),
              AllOf(HasSubstr("cx=\"336.00\" cy=\"304.00\""), HasSubstr(">trained</text>"), Not(HasSubstr("outside"))));
}

TEST(SurfaceChartTest, NamesDoNotLieOnEachOther) {
  SurfaceChart chart = Plane();
  chart.marks.assign(9, {5, 5, "trained"});
  EXPECT_EQ(CountOf(SvgOf(chart), ">trained</text>"), 4) << "one on each side";
}

TEST(SurfaceChartTest, APathHasItsPointsWithTheirNames) {
  SurfaceChart chart = Plane();
  chart.path = {{0, 0, "epoch 0"}, {5, 10, "epoch 1"}};
  EXPECT_THAT(SvgOf(chart), AllOf(HasSubstr("d=\"M76.00 564.00L336.00 44.00\""), HasSubstr("<title>epoch 0</title>"),
                                  HasSubstr("<title>epoch 1</title>")));
}

TEST(SurfaceChartTest, LoadsNothingFromElsewhere) {
  EXPECT_THAT(SvgOf(Plane()), AllOf(Not(HasSubstr("href")), Not(HasSubstr("<script")), Not(HasSubstr("src="))));
}

}  // namespace
}  // namespace basin::client::format
