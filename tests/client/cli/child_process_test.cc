#include "client/cli/child_process.h"

#include <sched.h>
#include <unistd.h>

#include <csignal>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace basin::client::cli {
namespace {

class ChildProcessTest : public ::testing::Test {
 protected:
  std::unique_ptr<ChildProcess> Shell(const std::string& script) {
    auto child = ChildProcess::Start("/bin/sh", {"-c", script}, dir_.path() / "log");
    EXPECT_TRUE(child.ok()) << child.status();
    return *std::move(child);
  }
  tests::TempDir dir_;
};

TEST_F(ChildProcessTest, WhatItWritesIsInItsLog) {
  const auto child = Shell("echo one; echo two >&2; echo three; exit 3");
  ASSERT_TRUE(child->WaitFor(30));
  EXPECT_EQ(child->HowItEnded(), "exit code 3");
  EXPECT_FALSE(child->succeeded());
  EXPECT_EQ(child->LogTail(2), "two\nthree");
  EXPECT_EQ(child->LogTail(100), "one\ntwo\nthree");
}

TEST_F(ChildProcessTest, ASignalIsNamed) {
  const auto child = Shell("exec sleep 600");
  EXPECT_FALSE(child->ended());
  child->Signal(SIGKILL);
  ASSERT_TRUE(child->WaitFor(30));
  EXPECT_EQ(child->HowItEnded(), "signal 9 (Killed)");
}

TEST_F(ChildProcessTest, HasAProcessGroupOfItsOwn) {
  const auto child = Shell("exec sleep 600");
  for (int i = 0; i < 1000000 && getpgid(child->pid()) != child->pid(); ++i) sched_yield();
  EXPECT_EQ(getpgid(child->pid()), child->pid());
}

TEST_F(ChildProcessTest, DoesNotOutliveItsObject) {
  auto child = Shell("exec sleep 600");
  const pid_t pid = child->pid();
  child.reset();
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(ChildProcessTest, AProgramThatIsNotThereIsAnError) {
  EXPECT_EQ(ChildProcess::Start(dir_.path() / "nothing", {}, dir_.path() / "log").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace basin::client::cli
