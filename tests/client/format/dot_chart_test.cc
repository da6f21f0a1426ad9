#include "client/format/dot_chart.h"

#include <regex>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// The horizontal places of the dots.
std::vector<double> Places(const std::string& svg) {
  std::vector<double> places;
  const std::regex dot("<circle cx=\"([-.0-9]+)\"");
  for (std::sregex_iterator at(svg.begin(), svg.end(), dot), end; at != end; ++at)
    places.push_back(std::stod((*at)[1]));
  return places;
}

TEST(DotChartTest, HasADotAnIntervalANameAndTheValueOfEach) {
  const std::string svg = SvgOf(DotChart{.title = "a <title>",
                                         .x_label = "loss",
                                         .dots = {{"one", "best with x=1", 1.25, 1, 1.5}, {"two <i>", "", 3, {}, {}}}});
  EXPECT_THAT(Places(svg), SizeIs(2));
  EXPECT_LT(Places(svg)[0], Places(svg)[1]);
  EXPECT_THAT(svg, AllOf(HasSubstr(">a &lt;title&gt;<"), HasSubstr(">one<"), HasSubstr(">best with x=1<"),
                         HasSubstr(">two &lt;i&gt;<"), HasSubstr(">1.25<"), HasSubstr(">loss<")));
  const std::string interval = "stroke-width=\"3\"";
  EXPECT_EQ(svg.find(interval), svg.rfind(interval));
}

TEST(DotChartTest, AWideIntervalDoesNotHideTheOthers) {
  const std::string svg = SvgOf(DotChart{
      .title = "", .x_label = "", .dots = {{"a", "", 1, -1e6, 1e6}, {"b", "", 2, 1.9, 2.1}, {"c", "", 3, {}, {}}}});
  const std::vector<double> places = Places(svg);
  EXPECT_GT(places[2] - places[0], 100);
}

TEST(DotChartTest, LogarithmsAreEvenAndAnIntervalBelowZeroEndsAtTheEdge) {
  const std::string svg =
      SvgOf(DotChart{.title = "",
                     .x_label = "loss",
                     .logarithmic_x = true,
                     .dots = {{"a", "", 0.01, -1, 0.02}, {"b", "", 1, {}, {}}, {"c", "", 100, {}, {}}}});
  const std::vector<double> places = Places(svg);
  EXPECT_NEAR(places[1] - places[0], places[2] - places[1], 0.02);
  EXPECT_THAT(svg, AllOf(HasSubstr(">loss, logarithmic<"), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST(DotChartTest, ALongNameIsShortenedAndShownWhole) {
  const std::string name(200, 'n');
  const std::string svg = SvgOf(DotChart{.title = "", .x_label = "", .dots = {{name, "", 1, {}, {}}}});
  EXPECT_THAT(svg, HasSubstr("<title>" + name + "</title>"));
}

TEST(ScatterChartTest, HasADotForEachPointAndAColorForEachGroup) {
  const std::string svg = SvgOf(ScatterChart{.title = "t",
                                             .x_label = "sharp",
                                             .y_label = "gap",
                                             .logarithmic_x = true,
                                             .groups = {{"one", {{0.1, 1}, {1, 2}}}, {"two", {{10, 3}}}}});
  // And one each in the legend.
  EXPECT_THAT(Places(svg), SizeIs(5));
  EXPECT_THAT(svg, AllOf(HasSubstr(">one<"), HasSubstr(">two<"), HasSubstr(">sharp, logarithmic<"), HasSubstr(">gap<"),
                         HasSubstr("#0072b2"), HasSubstr("#d55e00")));
}

}  // namespace
}  // namespace basin::client::format
