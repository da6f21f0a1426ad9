#pragma once

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace basin::server {

// What the flags say once they are read.
struct TokenCommandFiles {
  std::string tokens;
  std::string data_dir;
};

// `basin-server token create|list|revoke`. `create` makes the data dir if it is missing, by `make_data_dir`; the others
// refuse one that is not basin's. Sets `*exit_code` if one of them ran.
void AddTokenCommand(CLI::App* app, std::function<TokenCommandFiles()> files,
                     std::function<absl::Status(const std::string&)> make_data_dir, int* exit_code);

}  // namespace basin::server
