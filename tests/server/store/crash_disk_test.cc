// The disk that loses power must do so, and no more than it says.

#include "tests/server/store/crash_disk.h"

#include <gtest/gtest.h>

#include <set>

namespace basin::tests {
namespace {

using Result = CrashDisk::Result;

std::shared_ptr<CrashDisk::File> Create(CrashDisk& disk, const std::string& name) {
  std::shared_ptr<CrashDisk::File> file;
  bool created = false;
  EXPECT_EQ(disk.Open(name, true, &file, &created), Result::kOk);
  return file;
}

std::string TextOf(CrashDisk& disk, const std::string& name) {
  std::string text;
  EXPECT_EQ(disk.Read(*disk.Find(name), 0, 1 << 20, &text), Result::kOk);
  return text;
}

// What a file may hold after a loss, over many seeds.
template <typename Write>
std::set<std::string> Outcomes(Write write) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CrashDisk disk(seed);
    const auto file = Create(disk, "f");
    EXPECT_EQ(disk.SyncFolder(), Result::kOk);
    write(disk, *file);
    disk.PowerOn();
    outcomes.insert(TextOf(disk, "f"));
  }
  return outcomes;
}

TEST(CrashDiskTest, WhatIsSynchronizedSurvives) {
  const auto outcomes = Outcomes([](CrashDisk& disk, CrashDisk::File& file) {
    disk.Write(file, 0, "kept");
    EXPECT_EQ(disk.Sync(file), Result::kOk);
  });
  EXPECT_EQ(outcomes, std::set<std::string>{"kept"});
}

TEST(CrashDiskTest, WhatIsNotMayBeThereOrNotOrBeGarbage) {
  const auto outcomes = Outcomes([](CrashDisk& disk, CrashDisk::File& file) { disk.Write(file, 0, "ab"); });
  EXPECT_TRUE(outcomes.contains("ab"));
  EXPECT_TRUE(outcomes.contains(""));
  EXPECT_GT(outcomes.size(), 2u);
}

TEST(CrashDiskTest, SectorsGoEachTheirOwnWay) {
  const auto outcomes = Outcomes([](CrashDisk& disk, CrashDisk::File& file) {
    disk.Write(file, 0, std::string(8192, 'x'));
    disk.Sync(file);
    disk.Write(file, 0, std::string(8192, 'y'));
  });
  EXPECT_TRUE(outcomes.contains(std::string(4096, 'x') + std::string(4096, 'y')));
  EXPECT_TRUE(outcomes.contains(std::string(4096, 'y') + std::string(4096, 'x')));
}

TEST(CrashDiskTest, ANameSurvivesOnceItsFolderIsSynchronized) {
  size_t there = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    CrashDisk disk(seed);
    disk.Sync(*Create(disk, "early"));
    disk.SyncFolder();
    disk.Sync(*Create(disk, "late"));
    disk.PowerOn();
    EXPECT_TRUE(disk.Exists("early"));
    there += disk.Exists("late") ? 1 : 0;
  }
  EXPECT_GT(there, 10u);
  EXPECT_LT(there, 90u);
}

TEST(CrashDiskTest, AfterASynchronizationThatFailedTheCacheShowsWhatTheDiskMayNotHave) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    CrashDisk disk(seed);
    const auto file = Create(disk, "f");
    disk.SyncFolder();
    disk.Write(*file, 0, "new");
    disk.Fail(CrashDisk::Call::kSync, 1, Result::kIoError, false);
    EXPECT_EQ(disk.Sync(*file), Result::kIoError);
    EXPECT_EQ(TextOf(disk, "f"), "new");
    EXPECT_EQ(disk.Sync(*file), Result::kOk);
    disk.PowerOn();
    outcomes.insert(TextOf(disk, "f"));
  }
  EXPECT_TRUE(outcomes.contains("new"));
  EXPECT_TRUE(outcomes.contains(""));
}

TEST(CrashDiskTest, TheChosenCallFailsAndTheNextDoesNot) {
  CrashDisk disk(1);
  const auto file = Create(disk, "f");
  disk.Fail(CrashDisk::Call::kWrite, 2, Result::kFull, false);
  EXPECT_EQ(disk.Write(*file, 0, "a"), Result::kOk);
  EXPECT_EQ(disk.Write(*file, 0, "a"), Result::kFull);
  EXPECT_EQ(disk.Write(*file, 0, "a"), Result::kOk);
}

TEST(CrashDiskTest, AfterThePowerIsCutNothingWorksUntilItIsBack) {
  CrashDisk disk(1);
  const auto file = Create(disk, "f");
  disk.CutPowerAfter(2);
  EXPECT_EQ(disk.Write(*file, 0, "a"), Result::kOk);
  EXPECT_EQ(disk.Write(*file, 0, "a"), Result::kIoError);
  EXPECT_EQ(disk.Sync(*file), Result::kIoError);
  disk.PowerOn();
  EXPECT_EQ(disk.Sync(*Create(disk, "f")), Result::kOk);
}

}  // namespace
}  // namespace basin::tests
