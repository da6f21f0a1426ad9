#include "client/format/text_surface.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

TEST(TextSurfaceTest, IsSeenFromAboveWithYUpwards) {
  EXPECT_EQ(TextSurface({-2, 0, 2}, {-1, 0, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 10}, AxisScale(0, 10, false), 10),
            " 1 ▓▓▓▓██\n"
            "   ░░▒o▒▒\n"
            "-1     ░░\n"
            "   -2   2\n"
            "0 [  ]  2 [░░]  4 [▒▒]  6 [▓▓]  8 [██]  10\n");
}

TEST(TextSurfaceTest, ALogarithmicScaleShadesByDecades) {
  EXPECT_EQ(TextSurface({1, 2}, {1, 2}, {1e-5, 1e-3, 1e-2, 1}, AxisScale(1e-5, 1, true), 10),
            "2 ▓▓██\n"
            "1  o▒▒\n"
            "  1  2\n"
            "1e-05 [  ]  0.0001 [░░]  0.001 [▒▒]  0.01 [▓▓]  0.1 [██]  1\n");
}

TEST(TextSurfaceTest, WhatIsNotFiniteIsCrossed) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(TextSurface({1, 2}, {1, 2}, {0, nan, infinity, 1}, AxisScale(0, 1, false), 10).substr(0, 22),
            "2 ××██\n"
            "1  o××\n");
}

TEST(TextSurfaceTest, ALargeOneIsThinnedToItsEnds) {
  std::vector<double> places, values;
  for (int i = -50; i <= 50; ++i) places.push_back(i);
  for (size_t i = 0; i < places.size() * places.size(); ++i) values.push_back(0);
  const std::string text = TextSurface(places, places, values, AxisScale(0, 1, false), 5);
  EXPECT_EQ(text.substr(0, text.find("0 [")),
            " 50           \n"
            "              \n"
            "         o    \n"
            "              \n"
            "-50           \n"
            "    -50     50\n");
}

}  // namespace
}  // namespace basin::client::format
