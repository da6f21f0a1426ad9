#include "proto/contract/portable_math/portable_math.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "gtest/gtest.h"

namespace basin::contract {
namespace {

// Distance from the long double reference in units of the double's last place.
double ErrorInUlps(double value, long double reference) {
  const double rounded = static_cast<double>(reference);
  const double ulp = std::nextafter(std::fabs(rounded), std::numeric_limits<double>::infinity()) - std::fabs(rounded);
  return static_cast<double>(std::fabs(static_cast<long double>(value) - reference) / ulp);
}

TEST(PortableMathTest, LogIsWithinTwoUlps) {
  for (double x = 1e-300; x < 1e300; x *= 1.37)
    EXPECT_LE(ErrorInUlps(PortableLog(x), std::log((long double){x})), 2) << x;
  for (double x = 0.4; x < 2.5; x += 0.00037)
    EXPECT_LE(ErrorInUlps(PortableLog(x), std::log((long double){x})), 2) << x;
  EXPECT_EQ(PortableLog(1), 0);
}

TEST(PortableMathTest, ExpIsWithinTwoUlps) {
  for (double x = -700; x < 709; x += 0.0917)
    EXPECT_LE(ErrorInUlps(PortableExp(x), std::exp((long double){x})), 2) << x;
  EXPECT_EQ(PortableExp(0), 1);
}

TEST(PortableMathTest, ExpEndsInZeroAndInfinity) {
  EXPECT_EQ(PortableExp(-800), 0);
  EXPECT_EQ(PortableExp(710), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isfinite(PortableExp(709.7)));
  EXPECT_GT(PortableExp(-740), 0);
}

TEST(PortableMathTest, CosAndSinOfPiAreWithinOneRoundingOfOne) {
  constexpr long double kPi = std::numbers::pi_v<long double>;
  for (double x = -2.2; x < 2.2; x += 0.000731) {
    // Absolute: at the zeros the reference has a rounded argument, and says nothing about relative errors.
    EXPECT_NEAR(PortableCosPi(x), static_cast<double>(std::cos(kPi * x)), 2.3e-16) << x;
    EXPECT_NEAR(PortableSinPi(x), static_cast<double>(std::sin(kPi * x)), 2.3e-16) << x;
  }
}

TEST(PortableMathTest, CosAndSinOfPiAreExactAtQuarters) {
  const double cosines[] = {1, 0, -1, 0};
  const double sines[] = {0, 1, 0, -1};
  for (int k = 0; k < 40; ++k) {
    EXPECT_EQ(PortableCosPi(k * 0.5), cosines[k % 4]) << k;
    EXPECT_EQ(PortableSinPi(k * 0.5), sines[k % 4]) << k;
    EXPECT_EQ(PortableCosPi(-k * 0.5), cosines[k % 4]) << k;
    EXPECT_EQ(PortableSinPi(-k * 0.5), -sines[k % 4]) << k;
  }
  EXPECT_EQ(PortableCosPi(0x1p60), 1);
}

TEST(PortableMathTest, PowerIsExactWhereTheResultIs) {
  EXPECT_EQ(PortablePower(0.1, 0), 1);
  EXPECT_EQ(PortablePower(0.1, 1), 0.1);
  EXPECT_EQ(PortablePower(0.5, 40), 0x1p-40);
  EXPECT_EQ(PortablePower(3, 5), 243);
  EXPECT_EQ(PortablePower(1, UINT64_MAX), 1);
  EXPECT_EQ(PortablePower(0.5, UINT64_MAX), 0);
}

TEST(PortableMathTest, PowerErrorStaysBelowItsBound) {
  for (uint64_t n = 1; n < 3000; n += 7) {
    const long double reference = std::pow((long double){0.97}, static_cast<long double>(n));
    EXPECT_LE(ErrorInUlps(PortablePower(0.97, n), reference), static_cast<double>(n) + 1) << n;
  }
}

TEST(PortableMathTest, RealPowerMeetsPowerAtWholeNumbers) {
  for (uint64_t n = 0; n < 100; ++n) EXPECT_EQ(PortableRealPower(0.93, n), PortablePower(0.93, n)) << n;
  EXPECT_NEAR(PortableRealPower(0.93, 12.34), std::pow(0.93, 12.34), 1e-15);
  EXPECT_EQ(PortableRealPower(0.5, 1e300), 0);
}

// Recorded: whatever machine and compiler, these are the bits.
TEST(PortableMathTest, BitsAreTheRecordedOnes) {
  EXPECT_EQ(PortableLog(0.3), -0x1.34378fcbda721p+0);
  EXPECT_EQ(PortableExp(-1.7), 0x1.7622c78a98a07p-3);
  EXPECT_EQ(PortableCosPi(0.3), 0x1.2cf2304755a5ep-1);
  EXPECT_EQ(PortableSinPi(0.3), 0x1.9e3779b97f4a8p-1);
}

}  // namespace
}  // namespace basin::contract
