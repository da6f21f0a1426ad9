#pragma once

#include <string>

#include "CLI/CLI.hpp"

namespace basin::client::cli {

// A completion script for `shell` (bash, zsh or fish), made from the parser's commands and options.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace basin::client::cli
