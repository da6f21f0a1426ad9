#include <set>

#include "client/cli/program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"

namespace basin::client::cli {
namespace {

using ::testing::HasSubstr;
using tests::RunCli;

TEST(CommandTableTest, HasTheCommandsOfTheContractAndNoOther) {
  std::set<std::string> names;
  for (const Command& command : Commands()) names.insert(command.name);
  EXPECT_EQ(names, (std::set<std::string>{"run",       "up",          "submit",    "list",       "show",   "watch",
                                          "results",   "trials",      "pause",     "resume",     "cancel", "retry",
                                          "rm",        "workers",     "drain",     "schedule",   "export", "artifacts",
                                          "sql",       "doctor",      "version",   "completion", "curves", "verify",
                                          "landscape", "interpolate", "curvature", "trajectory", "gallery"}));
}

TEST(CommandTableTest, EveryCommandsHelpHasAnExampleAndTheFlagsOfAll) {
  for (const Command& command : Commands()) {
    const tests::CliResult help = RunCli({command.name, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command.name;
    EXPECT_THAT(help.out, HasSubstr("Usage: basin " + command.name));
    const size_t examples = help.out.find("Examples:");
    ASSERT_NE(examples, std::string::npos) << command.name;
    EXPECT_THAT(help.out.substr(examples), HasSubstr("basin " + command.name));
    for (const char* flag : {"--server HOST:PORT", "--format", "--no-color", "--quiet", "--help"}) {
      EXPECT_THAT(help.out, HasSubstr(flag)) << command.name;
    }
    EXPECT_EQ(help.err, "");
  }
}

TEST(CommandTableTest, EveryOptionSaysWhatItIsFor) {
  const auto parser = MakeParser();
  for (const CLI::App* command : parser->app->get_subcommands(nullptr)) {
    for (const CLI::Option* option : command->get_options()) {
      EXPECT_NE(option->get_description(), "") << command->get_name() << " " << option->get_name();
    }
  }
}

TEST(CommandTableTest, TheProgramsHelpListsEveryCommand) {
  const std::string help = RunCli({"--help"}).out;
  for (const Command& command : Commands()) EXPECT_THAT(help, HasSubstr("\n  " + command.name + " ")) << command.name;
}

}  // namespace
}  // namespace basin::client::cli
