#include "server/store/artifact_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace basin::server::store {
namespace {

using ::testing::HasSubstr;

class ArtifactStoreTest : public ::testing::Test {
 protected:
  ArtifactStoreTest() { Open({}); }
  void Open(ArtifactStore::Limits limits) {
    store_.reset();
    auto opened = ArtifactStore::Open(dir_.path().string(), limits);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  absl::StatusOr<ArtifactStore::Hold> Put(const std::string& bytes) {
    auto upload = store_->Begin(bytes.size());
    if (!upload.ok()) return upload.status();
    if (absl::Status status = (*upload)->Append(bytes); !status.ok()) return status;
    return (*upload)->Finish(contract::Sha256Hex(bytes));
  }
  absl::StatusOr<std::string> Get(const std::string& sha256) {
    auto reader = store_->Read(sha256);
    if (!reader.ok()) return reader.status();
    std::string all;
    while (true) {
      absl::StatusOr<std::string> piece = (*reader)->Read(3);
      if (!piece.ok()) return piece.status();
      if (piece->empty()) return all;
      all += *piece;
    }
  }
  std::filesystem::path PathOf(const std::string& name) const { return dir_.path() / "artifacts" / name; }
  size_t Files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(dir_.path() / "artifacts"), {}));
  }

  tests::TempDir dir_;
  std::unique_ptr<ArtifactStore> store_;
  const std::string kText = "seven bytes and more", kDigest = contract::Sha256Hex(kText);
};

TEST_F(ArtifactStoreTest, AFileIsNamedByItsDigestAndSurvivesARestart) {
  ASSERT_TRUE(Put(kText).ok());
  EXPECT_TRUE(std::filesystem::exists(PathOf(kDigest)));
  EXPECT_EQ(*Get(kDigest), kText);
  Open({});
  EXPECT_EQ(*Get(kDigest), kText);
  EXPECT_EQ(store_->total_bytes(), kText.size());
}

TEST_F(ArtifactStoreTest, WhatIsNotFinishedLeavesNothing) {
  {
    auto upload = store_->Begin(10);
    ASSERT_TRUE(upload.ok());
    ASSERT_TRUE((*upload)->Append("12345").ok());
    EXPECT_TRUE(absl::IsDataLoss((*upload)->Finish(contract::Sha256Hex("12345")).status()));
  }
  EXPECT_EQ(Files(), 0u);
  std::ofstream(PathOf("7.part")) << "left by a crash";
  Open({});
  EXPECT_EQ(Files(), 0u);
}

TEST_F(ArtifactStoreTest, BytesOfAnotherDigestAreRefused) {
  auto upload = store_->Begin(3);
  ASSERT_TRUE((*upload)->Append("abc").ok());
  EXPECT_TRUE(absl::IsDataLoss((*upload)->Finish(kDigest).status()));
  EXPECT_TRUE(absl::IsNotFound(Get(kDigest).status()));
}

TEST_F(ArtifactStoreTest, AFlippedByteOrATruncationIsNeverServed) {
  ASSERT_TRUE(Put(kText).ok());
  std::string flipped = kText;
  flipped[5] ^= 1;
  std::ofstream(PathOf(kDigest), std::ios::trunc) << flipped;
  EXPECT_TRUE(absl::IsDataLoss(Get(kDigest).status()));
  EXPECT_THAT(std::string(Get(kDigest).status().message()), HasSubstr(kDigest));
  std::ofstream(PathOf(kDigest), std::ios::trunc) << kText.substr(0, 4);
  EXPECT_TRUE(absl::IsDataLoss(Get(kDigest).status()));
  // The same bytes again mend it.
  ASSERT_TRUE(Put(kText).ok());
  EXPECT_EQ(*Get(kDigest), kText);
}

TEST_F(ArtifactStoreTest, LimitsAreSaidWithTheirNumbers) {
  Open({.max_file_bytes = 100, .max_total_bytes = 30});
  EXPECT_THAT(std::string(Put(std::string(101, 'x')).status().message()), HasSubstr("101 bytes is larger than"));
  ASSERT_TRUE(Put(kText).ok());
  const absl::Status full = Put("another of 20 bytes.").status();
  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_THAT(std::string(full.message()), HasSubstr("at most 30 bytes of artifacts and has 20"));
  auto upload = store_->Begin(3);
  EXPECT_TRUE(absl::IsResourceExhausted((*upload)->Append("1234")));
}

TEST_F(ArtifactStoreTest, NothingButADigestIsAName) {
  for (const char* name : {"", "../basin.db", "..", "ABCDEF"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(store_->Read(name).status())) << name;
  }
}

TEST_F(ArtifactStoreTest, WhatNothingRefersToIsCollectedUnlessItIsHeld) {
  ASSERT_TRUE(Put("kept").ok());
  ASSERT_TRUE(Put("gone").ok());
  auto held = Put("held");
  ASSERT_TRUE(held.ok());
  const std::string kept = contract::Sha256Hex("kept");
  const auto is_kept = [&](const std::string& sha256) { return absl::StatusOr<bool>(sha256 == kept); };
  EXPECT_EQ(*store_->Collect(is_kept), 1u);
  EXPECT_TRUE(Get(kept).ok());
  EXPECT_TRUE(absl::IsNotFound(Get(contract::Sha256Hex("gone")).status()));
  EXPECT_TRUE(Get(contract::Sha256Hex("held")).ok());
  *held = ArtifactStore::Hold();
  EXPECT_EQ(*store_->Collect(is_kept), 1u);
  EXPECT_EQ(store_->total_bytes(), 4u);
}

TEST_F(ArtifactStoreTest, AReaderKeepsItsFile) {
  ASSERT_TRUE(Put(kText).ok());
  auto reader = store_->Read(kDigest);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(*store_->Collect([](const std::string&) { return absl::StatusOr<bool>(false); }), 1u);
  EXPECT_EQ(*(*reader)->Read(1000), kText);
}

}  // namespace
}  // namespace basin::server::store
