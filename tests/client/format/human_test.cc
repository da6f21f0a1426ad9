#include "client/format/human.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

TEST(HumanDurationTest, TakesTheUnitsThatFit) {
  struct Case {
    double seconds;
    const char* text;
  };
  for (const Case& c :
       {Case{0, "0ms"}, Case{0.85, "850ms"}, Case{0.9996, "1.0s"}, Case{12.34, "12.3s"}, Case{59.96, "1m00s"},
        Case{245, "4m05s"}, Case{3600, "1h00m"}, Case{7380, "2h03m"}, Case{273600, "3d04h"}, Case{-1, "0ms"},
        Case{std::numeric_limits<double>::infinity(), "-"}, Case{1e300, "forever"}}) {
    EXPECT_EQ(HumanDuration(c.seconds), c.text) << c.seconds;
  }
}

TEST(HumanBytesTest, TakesBinaryUnits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanBytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(HumanBytes(~0ull), "16.0 EiB");
}

TEST(HumanRateTest, ChangesTheUnitBelowOneASecond) {
  EXPECT_EQ(HumanRate(123.4), "123/s");
  EXPECT_EQ(HumanRate(1.25), "1.2/s");
  EXPECT_EQ(HumanRate(0.5), "30.0/min");
  EXPECT_EQ(HumanRate(0.001), "3.6/h");
  EXPECT_EQ(HumanRate(0), "-");
}

TEST(UtcTimeTest, IsRfc3339WithMilliseconds) {
  EXPECT_EQ(UtcTime(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcTime(1714565000.25), "2024-05-01T12:03:20.250Z");
  EXPECT_EQ(UtcTime(-0.5), "1969-12-31T23:59:59.500Z");
}

}  // namespace
}  // namespace basin::client::format
