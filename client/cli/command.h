#pragma once

#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "client/cli/context.h"

namespace basin::client::cli {

// What a command does: its exit code, or an error that the program reports and turns into one.
using Action = std::function<absl::StatusOr<int>(Context&)>;

struct Command {
  std::string name;
  std::string group;    // Heading in the list of commands.
  std::string summary;  // One line.
  std::string example;  // At least one command line, a line each.
  // Adds the command's options to its parser and returns the action that reads them. An option's text (`option_text`)
  // names its value in the help, and tells completion what to offer: `a|b` these words, FILE, SPEC and DIR paths.
  std::function<Action(CLI::App&)> define;
  // Accepted by --format; the first is the default.
  std::vector<std::string> formats = {"table", "json", "csv"};
  // Starts a coordinator of its own: flags that lead to another one are a mistake.
  bool own_server = false;
};

// All commands, in the order of the help.
const std::vector<Command>& Commands();

}  // namespace basin::client::cli
