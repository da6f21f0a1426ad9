#pragma once

#include "CLI/CLI.hpp"

namespace basin::server {

// `basin-server backup|check|usage DIR`: for operators, beside a running server or without one. What is asked for is
// run while the flags are parsed, and sets *exit_code: 0, or 1 when it failed or found damage.
void AddDataDirCommands(CLI::App* app, int* exit_code);

}  // namespace basin::server
