#pragma once

#include <functional>
#include <string>

#include "CLI/CLI.hpp"

namespace basin::server {

// `basin-server token create|list|revoke`. `file` tells the token file once the flags are read, and makes its folder.
// Sets
// `*exit_code` if one of them ran.
void AddTokenCommand(CLI::App* app, std::function<std::string()> file, int* exit_code);

}  // namespace basin::server
