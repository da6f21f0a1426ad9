// `basin up`, as processes.
#include <csignal>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/program_files.h"
#include "tests/client/cli/tiny_sweeps.h"
#include "tests/support/child_process.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace basin::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::Binary;
using tests::kTiny;
using tests::Lines;
using tests::RunCli;

TEST(UpTest, OutlivesItsWorkersAndSaysHowToGoOn) {
  const tests::TempDir dir;
  const std::string data = (dir.path() / "a dir").string();
  tests::ChildProcess up({Binary("basin"), "up", "--workers", "2", "--listen", "127.0.0.1:0", "--data-dir", data},
                         dir.path() / "up.log");
  ASSERT_TRUE(tests::Eventually([&] { return up.LogText().find("Ctrl-C") != std::string::npos || !up.IsRunning(); }))
      << up.LogText();
  const std::string server = Lines(up.LogText()).at(0);
  for (const char* worker : {"worker-1", "worker-2"}) {
    ASSERT_TRUE(tests::Eventually([&] { return RunCli({"drain", worker}, server).exit_code == 0; })) << up.LogText();
    ASSERT_TRUE(tests::Eventually([&] {
      return up.LogText().find(std::string(worker) + " has left") != std::string::npos;
    })) << up.LogText();
  }
  // Another worker is as good.
  tests::ChildProcess worker({Binary("basin-worker"), "--server", server, "--data-dir", data}, dir.path() / "w.log");
  EXPECT_EQ(RunCli({"submit", "-", "--watch"}, server, kTiny).exit_code, 0) << up.LogText();
  EXPECT_TRUE(up.IsRunning()) << up.LogText();

  up.Signal(SIGINT);
  EXPECT_EQ(up.AwaitExit(), 130) << up.LogText();
  EXPECT_THAT(up.LogText(), AllOf(HasSubstr("basin up --data-dir '" + data + "' --workers 2 --listen 127.0.0.1:0")));
}

}  // namespace
}  // namespace basin::client
