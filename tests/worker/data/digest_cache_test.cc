#include "worker/data/digest_cache.h"

#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace basin::worker::data {
namespace {

using testing::Optional;

constexpr int64_t kSecond = 1'000'000'000;
const std::string kDigest(64, 'a');
const FileStamp kStamp{.device = 1, .inode = 2, .size = 3, .modified_ns = 100 * kSecond, .changed_ns = 100 * kSecond};

class DigestCacheTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return dir_.path() / "below" / "digests"; }
  void Keep(const FileStamp& stamp) {
    DigestCache cache(file());
    cache.Add(stamp, kDigest);
    cache.Save();
  }

  const tests::TempDir dir_;
};

TEST_F(DigestCacheTest, AFileIsKnownAgainUntilAnythingOfItsStampChanges) {
  Keep(kStamp);
  EXPECT_THAT(DigestCache(file()).Find(kStamp), Optional(kDigest));
  for (int field = 0; field < 5; ++field) {
    FileStamp other = kStamp;
    if (field == 0) other.device = 9;
    if (field == 1) other.inode = 9;
    if (field == 2) other.size = 9;
    if (field == 3) other.modified_ns += 1;
    if (field == 4) other.changed_ns += 1;
    EXPECT_EQ(DigestCache(file()).Find(other), std::nullopt) << field;
  }
}

TEST_F(DigestCacheTest, AFileThatMayChangeWithinTheSameTickIsNotKept) {
  const std::filesystem::path written = dir_.path() / "just-now";
  std::ofstream(written) << "x";
  struct stat status;
  ASSERT_EQ(stat(written.c_str(), &status), 0);
  FileStamp stamp = kStamp;
  stamp.changed_ns = status.st_ctim.tv_sec * kSecond + status.st_ctim.tv_nsec;
  DigestCache cache(file());
  cache.Add(kStamp, kDigest);
  cache.Add(stamp, kDigest);
  cache.Save();
  EXPECT_EQ(DigestCache(file()).Find(stamp), std::nullopt);
  EXPECT_THAT(DigestCache(file()).Find(kStamp), Optional(kDigest));
}

TEST_F(DigestCacheTest, WhatIsNotAskedForAnyMoreGoes) {
  Keep(kStamp);
  FileStamp other = kStamp;
  other.inode = 9;
  Keep(other);
  EXPECT_EQ(DigestCache(file()).Find(kStamp), std::nullopt);
  EXPECT_THAT(DigestCache(file()).Find(other), Optional(kDigest));
}

TEST_F(DigestCacheTest, AWrongDigestIsForgotten) {
  Keep(kStamp);
  DigestCache(file()).Forget();
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(DigestCacheTest, AnythingElseInItsPlaceHoldsNoDigests) {
  std::filesystem::create_directories(file().parent_path());
  const std::vector<std::string> others = {"", "something else\n1 2 3 4 5 " + kDigest,
                                           "basin-digests-1\n1 2 x\n1 2 3 4 5 beef\n"};
  for (const std::string& text : others) {
    std::ofstream(file(), std::ios::trunc) << text;
    EXPECT_EQ(DigestCache(file()).Find({1, 2, 3, 4, 5}), std::nullopt) << text;
  }
  std::ofstream(file(), std::ios::trunc) << "basin-digests-1\nnonsense\n1 2 3 4 5 " + kDigest + "\n";
  EXPECT_THAT(DigestCache(file()).Find({1, 2, 3, 4, 5}), Optional(kDigest)) << "the other lines count";
}

TEST_F(DigestCacheTest, WhereNothingCanBeWrittenNothingIsKept) {
  std::ofstream(dir_.path() / "below") << "a file";
  Keep(kStamp);
  EXPECT_EQ(DigestCache(file()).Find(kStamp), std::nullopt);
  DigestCache none{{}};
  none.Add(kStamp, kDigest);
  none.Save();
  none.Forget();
}

}  // namespace
}  // namespace basin::worker::data
