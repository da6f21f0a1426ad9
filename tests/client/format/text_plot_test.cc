#include "client/format/text_plot.h"

#include <cmath>

#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

TEST(TextPlotTest, HasAxesWithTheScalesEnds) {
  EXPECT_EQ(TextPlot({4, 3, 2, 1}, 2, AxisScale(0, 4, false), "8 epochs"),
            "4 ┤█▄\n"
            "  ┤███▄\n"
            "0 ┼────\n"
            "  0   8 epochs\n");
}

TEST(TextPlotTest, ShowsAllAboveTheBottomAndLeavesAMissingValueEmpty) {
  EXPECT_EQ(TextPlot({0, 0.001, std::nan(""), 1}, 1, AxisScale(0, 1, false), "8 epochs"),
            "1 ┤ ▁ █\n"
            "0 ┼────\n"
            "  0   8 epochs\n");
}

TEST(TextPlotTest, LogarithmsShowWhatIsSmall) {
  EXPECT_EQ(TextPlot({10, 1, 0.1}, 1, AxisScale(0.01, 10, true), "3 epochs"),
            "  10 ┤█▅▃\n"
            "0.01 ┼───\n"
            "     0  3 epochs\n");
}

TEST(TextPlotTest, TheAxisMayBeginBeforeZero) {
  EXPECT_EQ(TextPlot({1, 1, 1, 1, 1, 1}, 1, AxisScale(0, 1, false), "1 alpha", "-1"),
            "1 ┤██████\n"
            "0 ┼──────\n"
            "  -1    1 alpha\n");
}

}  // namespace
}  // namespace basin::client::format
