#include "client/format/npz.h"

#include <zlib.h>

#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

uint64_t Little(const std::string& bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes.at(at + i));
  return value;
}

// The files of a zip by name, found through its directory as readers do; each must be as both its headers say.
std::map<std::string, std::string> FilesOf(const std::string& zip) {
  std::map<std::string, std::string> files;
  const size_t end = zip.size() - 22;
  EXPECT_EQ(zip.substr(end, 4), "PK\5\6");
  const uint64_t count = Little(zip, end + 10, 2);
  size_t at = Little(zip, end + 16, 4);
  EXPECT_EQ(at + Little(zip, end + 12, 4), end) << "the directory's size";
  for (uint64_t i = 0; i < count; ++i) {
    EXPECT_EQ(zip.substr(at, 4), "PK\1\2");
    const uint64_t crc = Little(zip, at + 16, 4), size = Little(zip, at + 24, 4), name_size = Little(zip, at + 28, 2);
    const size_t local = Little(zip, at + 42, 4);
    const std::string name = zip.substr(at + 46, name_size);
    EXPECT_EQ(zip.substr(local, 4), "PK\3\4");
    EXPECT_EQ(zip.substr(local + 4, 26), zip.substr(at + 6, 26)) << "both headers say the same";
    EXPECT_EQ(Little(zip, local + 8, 2), 0u) << "not compressed";
    EXPECT_EQ(Little(zip, local + 18, 4), size);
    EXPECT_EQ(zip.substr(local + 30, name_size), name);
    const std::string content = zip.substr(local + 30 + name_size, size);
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())), crc);
    files[name] = content;
    at += 46 + name_size;
  }
  EXPECT_EQ(at, end);
  return files;
}

std::string HeaderOf(const std::string& npy) { return npy.substr(10, Little(npy, 8, 2)); }
std::string DataOf(const std::string& npy) { return npy.substr(10 + Little(npy, 8, 2)); }

TEST(NpzTest, HasAFileForEachArray) {
  const auto files =
      FilesOf(NpzOf({{"alpha", {2}, std::vector<double>{1, 2}}, {"steps", {1}, std::vector<uint64_t>{7}}}));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_TRUE(files.contains("alpha.npy"));
  EXPECT_TRUE(files.contains("steps.npy"));
}

TEST(NpzTest, TheHeaderTellsTypeAndShape) {
  const std::string npy = FilesOf(NpzOf({{"z", {2, 3}, std::vector<double>(6)}})).at("z.npy");
  EXPECT_THAT(npy, StartsWith(std::string("\x93NUMPY\1\0", 8)));
  EXPECT_THAT(HeaderOf(npy),
              AllOf(StartsWith("{'descr': '<f8', 'fortran_order': False, 'shape': (2,3,), }"), EndsWith(" \n")));
  EXPECT_EQ((10 + HeaderOf(npy).size()) % 64, 0u) << "the values are aligned";
}

TEST(NpzTest, ASingleValueHasNoShape) {
  const auto files = FilesOf(NpzOf({{"seed", {}, std::vector<uint64_t>{7}}}));
  EXPECT_THAT(HeaderOf(files.at("seed.npy")), AllOf(HasSubstr("'<u8'"), HasSubstr("'shape': (),")));
}

TEST(NpzTest, ValuesAreLittleEndianInOrder) {
  const auto files = FilesOf(NpzOf({{"n", {2}, std::vector<uint64_t>{0x0102030405060708, 9}},
                                    {"x", {2}, std::vector<double>{-2.5, std::numeric_limits<double>::infinity()}}}));
  EXPECT_EQ(DataOf(files.at("n.npy")), std::string("\x08\7\6\5\4\3\2\1\x09\0\0\0\0\0\0\0", 16));
  const std::string reals = DataOf(files.at("x.npy"));
  ASSERT_EQ(reals.size(), 16u);
  EXPECT_EQ(std::bit_cast<double>(Little(reals, 0, 8)), -2.5);
  EXPECT_EQ(std::bit_cast<double>(Little(reals, 8, 8)), std::numeric_limits<double>::infinity());
}

TEST(NpzTest, OfNothingIsAnEmptyZip) { EXPECT_TRUE(FilesOf(NpzOf({})).empty()); }

}  // namespace
}  // namespace basin::client::format
