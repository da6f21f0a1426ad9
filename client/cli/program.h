#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/command.h"

namespace basin::client::cli {

// The parser with every command in it, and what each would do.
struct Parser {
  std::unique_ptr<CLI::App> app;
  GlobalFlags flags;
  std::vector<Action> actions;  // Parallel to Commands().
};
std::unique_ptr<Parser> MakeParser();

// Runs `basin ARGS...` and returns the exit code.
int RunProgram(const std::vector<std::string>& args, const Environment& environment);

}  // namespace basin::client::cli
