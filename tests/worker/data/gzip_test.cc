#include "worker/data/gzip.h"

#include "gmock/gmock.h"
#include "tests/worker/data/sample_files.h"

namespace basin::worker::data {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr uint64_t kLimit = 1 << 24;

std::string Text() {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i * 7919 % 1000003) + ",";
  return text;
}

std::string FaultOf(const std::string& bytes, uint64_t limit = kLimit) {
  const auto unpacked = Gunzip(bytes, "set/file.gz", limit);
  EXPECT_EQ(unpacked.status().code(), absl::StatusCode::kDataLoss) << unpacked.status();
  return std::string(unpacked.status().message());
}

TEST(GunzipTest, GivesBackWhatWasPacked) {
  const auto unpacked = Gunzip(Gzip(Text()), "file", kLimit);
  ASSERT_TRUE(unpacked.ok()) << unpacked.status();
  EXPECT_EQ(*unpacked, Text());
}

TEST(GunzipTest, UnpacksAnEmptyFile) {
  const auto unpacked = Gunzip(Gzip(""), "file", kLimit);
  ASSERT_TRUE(unpacked.ok()) << unpacked.status();
  EXPECT_EQ(*unpacked, "");
}

TEST(GunzipTest, JoinsMembers) {
  const auto unpacked = Gunzip(Gzip("first ") + Gzip("second"), "file", kLimit);
  ASSERT_TRUE(unpacked.ok()) << unpacked.status();
  EXPECT_EQ(*unpacked, "first second");
}

TEST(GunzipTest, RefusesWhatIsNotGzip) {
  EXPECT_THAT(FaultOf("no gzip at all"), StartsWith("set/file.gz: is not sound"));
}

TEST(GunzipTest, RefusesEveryTruncation) {
  const std::string packed = Gzip("a few words that are packed");
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_THAT(FaultOf(packed.substr(0, size)), HasSubstr("is cut off")) << size;
  }
}

TEST(GunzipTest, RefusesAFlippedBitByItsChecksum) {
  std::string packed = Gzip(Text());
  packed[packed.size() - 6] ^= 1;  // In the checksum itself.
  EXPECT_THAT(FaultOf(packed), HasSubstr("is not sound gzip data at byte"));
}

TEST(GunzipTest, RefusesTrailingGarbage) { EXPECT_THAT(FaultOf(Gzip("text") + "garbage"), HasSubstr("is not sound")); }

TEST(GunzipTest, StopsAtTheLimit) {
  EXPECT_THAT(FaultOf(Gzip(std::string(1 << 22, 'x')), 1 << 20), HasSubstr("unpacks to more than 1048576 bytes"));
}

}  // namespace
}  // namespace basin::worker::data
