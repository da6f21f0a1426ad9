#include "client/cli/completion.h"

#include <fstream>

#include "client/cli/program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace basin::client::cli {
namespace {

using ::testing::HasSubstr;
using tests::RunCli;

TEST(CompletionTest, KnowsEveryCommandAndEveryOption) {
  const auto parser = MakeParser();
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = RunCli({"completion", shell}).out;
    for (const CLI::App* command : parser->app->get_subcommands(nullptr)) {
      EXPECT_THAT(script, HasSubstr(command->get_name())) << shell;
      for (const CLI::Option* option : command->get_options()) {
        for (const std::string& name : option->get_lnames()) {
          EXPECT_THAT(script, HasSubstr(std::string(shell) == "fish" ? "-l " + name : "--" + name)) << shell;
        }
      }
    }
  }
}

TEST(CompletionTest, RefusesAShellThatItDoesNotKnow) {
  const tests::CliResult result = RunCli({"completion", "tcsh"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("bash"));
}

// What bash would offer for a line, its last word being completed.
std::string Offered(const std::string& words) {
  tests::TempDir dir;
  const auto script = dir.path() / "script.sh";
  std::ofstream(script) << RunCli({"completion", "bash"}).out << "COMP_WORDS=(" << words
                        << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_basin\necho \"${COMPREPLY[*]}\"\n";
  EXPECT_EQ(tests::RunProgram({"bash", script.string()}, dir.path() / "log"), 0);
  std::ifstream log(dir.path() / "log");
  std::string line;
  std::getline(log, line);
  return line;
}

TEST(BashCompletionTest, OffersCommands) { EXPECT_EQ(Offered("basin res"), "results resume"); }

TEST(BashCompletionTest, OffersOptionsOfTheCommand) { EXPECT_EQ(Offered("basin results --t"), "--top --token-file"); }

TEST(BashCompletionTest, OffersAnOptionsWords) {
  EXPECT_EQ(Offered("basin list --format ''"), "table json csv");
  EXPECT_EQ(Offered("basin export k3f9 -o ''"), "csv jsonl");
}

TEST(BashCompletionTest, OffersAnArgumentsWords) { EXPECT_EQ(Offered("basin completion z"), "zsh"); }

TEST(BashCompletionTest, FindsTheCommandBehindFlags) {
  EXPECT_EQ(Offered("basin --server localhost:1 drain --quie"), "--quiet");
}

}  // namespace
}  // namespace basin::client::cli
