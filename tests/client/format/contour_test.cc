#include "client/format/contour.h"

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Pointwise;
using ::testing::SizeIs;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

// n by n over the square from -1 to 1.
ContourGrid GridOf(size_t n, const std::function<double(double x, double y)>& z) {
  ContourGrid grid;
  for (size_t i = 0; i < n; ++i) grid.xs.push_back(-1 + 2 * static_cast<double>(i) / static_cast<double>(n - 1));
  grid.ys = grid.xs;
  for (const double y : grid.ys) {
    for (const double x : grid.xs) grid.zs.push_back(z(x, y));
  }
  return grid;
}

// Positive if counter-clockwise.
double AreaOf(const std::vector<PlanePoint>& outline) {
  double area = 0;
  for (size_t i = 0; i < outline.size(); ++i) {
    const PlanePoint &a = outline[i], &b = outline[(i + 1) % outline.size()];
    area += (a.x * b.y - b.x * a.y) / 2;
  }
  return area;
}

double AreaOf(const std::vector<std::vector<PlanePoint>>& outlines) {
  double area = 0;
  for (const auto& outline : outlines) area += AreaOf(outline);
  return area;
}

double Bowl(double x, double y) { return x * x + y * y; }

TEST(ContourLinesTest, OfAPlaneAreStraightWhereItHasTheLevel) {
  const auto lines = ContourLines(GridOf(6, [](double x, double) { return x; }), 0.3);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_FALSE(lines[0].closed);
  EXPECT_THAT(lines[0].points, SizeIs(6));
  EXPECT_THAT(lines[0].points, Each(Field(&PlanePoint::x, DoubleNear(0.3, 1e-12))));
  EXPECT_NEAR(std::abs(lines[0].points.front().y - lines[0].points.back().y), 2, 1e-12) << "from border to border";
}

TEST(ContourLinesTest, OfABowlAreClosedRings) {
  const auto lines = ContourLines(GridOf(41, Bowl), 0.5);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_TRUE(lines[0].closed);
  for (const PlanePoint& point : lines[0].points) EXPECT_NEAR(Bowl(point.x, point.y), 0.5, 0.002);
  EXPECT_NEAR(std::abs(AreaOf(lines[0].points)), 0.5 * M_PI, 0.01);
}

TEST(ContourLinesTest, WhatIsAboveLiesToTheLeft) {
  EXPECT_LT(AreaOf(ContourLines(GridOf(9, Bowl), 0.5)[0].points), 0) << "clockwise around what is below";
}

TEST(ContourLinesTest, AGapCutsThem) {
  // The value in the middle of the line is missing, and with it the cells beside.
  const auto lines = ContourLines(GridOf(7, [](double x, double y) { return x == 0 && y == 0 ? kNan : x; }), 0.1);
  ASSERT_THAT(lines, SizeIs(2));
  for (const ContourLine& line : lines) {
    EXPECT_FALSE(line.closed);
    for (const PlanePoint& point : line.points) EXPECT_GE(std::abs(point.y), 1.0 / 3 - 1e-12);
  }
}

TEST(ContourLinesTest, AroundAGapARingIsOpen) {
  const auto lines = ContourLines(GridOf(21, [](double x, double y) { return x > 0.6 ? kNan : Bowl(x, y); }), 0.5);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_FALSE(lines[0].closed);
}

TEST(ContourLinesTest, AtASaddleTheMeanDecides) {
  // Opposite corners at 1, the others at 0.
  const ContourGrid grid = {{0, 1}, {0, 1}, {1, 0, 0, 1}};
  EXPECT_NEAR(AreaOf(RegionAbove(grid, 0.4)), 1 - 2 * 0.5 * 0.4 * 0.4, 1e-12) << "joined";
  EXPECT_NEAR(AreaOf(RegionAbove(grid, 0.6)), 2 * 0.5 * 0.4 * 0.4, 1e-12) << "apart";
  EXPECT_THAT(ContourLines(grid, 0.4), SizeIs(2));
  EXPECT_THAT(ContourLines(grid, 0.6), SizeIs(2));
}

TEST(ContourLinesTest, ThroughCornersOfTheGridHaveNoDoublePoints) {
  const auto lines = ContourLines(GridOf(5, [](double x, double y) { return x + y; }), 0);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0].points, SizeIs(5));
}

TEST(ContourLinesTest, ThereIsNoneWhereNothingHasTheLevel) {
  EXPECT_THAT(ContourLines(GridOf(5, Bowl), 3), IsEmpty());
  EXPECT_THAT(ContourLines(GridOf(5, [](double, double) { return 2; }), 2), IsEmpty());
}

TEST(RegionAboveTest, OfAllIsTheBorder) {
  EXPECT_THAT(RegionAbove(GridOf(5, Bowl), -kInfinity),
              ElementsAre(std::vector<PlanePoint>{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}));
}

TEST(RegionAboveTest, HasAHoleWhereTheBowlIsLower) {
  const auto outlines = RegionAbove(GridOf(41, Bowl), 0.5);
  ASSERT_THAT(outlines, SizeIs(2));
  EXPECT_NEAR(AreaOf(outlines), 4 - 0.5 * M_PI, 0.01);
}

TEST(RegionAboveTest, LeavesGapsOut) {
  const auto outlines =
      RegionAbove(GridOf(5, [](double x, double y) { return x == 0 && y == 0 ? kNan : 1; }), -kInfinity);
  EXPECT_NEAR(AreaOf(outlines), 4 - 1, 1e-12) << "four cells of a half by a half";
}

TEST(RegionAboveTest, OfNothingIsNothing) {
  EXPECT_THAT(RegionAbove(GridOf(3, [](double, double) { return kNan; }), -kInfinity), IsEmpty());
}

MATCHER(AlmostEqual, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) <= 1e-12 * std::abs(std::get<1>(arg)); }

TEST(RoundLevelsTest, AreAsManyAsAllowedAtRoundSteps) {
  EXPECT_THAT(RoundLevels(0, 1, false, 5), Pointwise(AlmostEqual(), {0.2, 0.4, 0.6, 0.8}));
  EXPECT_THAT(RoundLevels(-1, 1, false, 5), Pointwise(AlmostEqual(), {-0.5, 0.0, 0.5}));
  EXPECT_THAT(RoundLevels(0, 1, false, 9), SizeIs(9));
  EXPECT_THAT(RoundLevels(1e-3, 7e8, false, 10), Pointwise(AlmostEqual(), {1e8, 2e8, 3e8, 4e8, 5e8, 6e8}));
}

TEST(RoundLevelsTest, OnLogarithmsDivideDecades) {
  EXPECT_THAT(RoundLevels(0.5, 300, true, 10), Pointwise(AlmostEqual(), {1., 2., 5., 10., 20., 50., 100., 200.}));
  EXPECT_THAT(RoundLevels(0.5, 300, true, 6), Pointwise(AlmostEqual(), {1., 3., 10., 30., 100.}));
  EXPECT_THAT(RoundLevels(1e-7, 1e7, true, 6), Pointwise(AlmostEqual(), {1e-6, 1e-3, 1., 1e3, 1e6}));
}

TEST(RoundLevelsTest, OfANarrowRangeAreEvenOnLogarithmsToo) {
  EXPECT_EQ(RoundLevels(1, 2, true, 9), RoundLevels(1, 2, false, 9));
}

TEST(RoundLevelsTest, ThereAreNoneInARangeOfRoundingErrors) {
  EXPECT_THAT(RoundLevels(2, 2, false, 9), IsEmpty());
  EXPECT_THAT(RoundLevels(2, std::nextafter(2, 3), false, 9), IsEmpty());
  EXPECT_THAT(RoundLevels(0, 5e-324, false, 9), IsEmpty());
}

TEST(RoundLevelsTest, EndForTheWidestRange) {
  EXPECT_THAT(RoundLevels(-1e300, 1e300, false, 9), SizeIs(testing::AllOf(testing::Ge(3u), testing::Le(9u))));
  EXPECT_THAT(RoundLevels(5e-324, 1e300, true, 9), SizeIs(testing::AllOf(testing::Ge(3u), testing::Le(9u))));
}

}  // namespace
}  // namespace basin::client::format
