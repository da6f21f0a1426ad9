#pragma once

#include <string>
#include <vector>

namespace basin::tests {

struct CliResult {
  int exit_code = 0;
  std::string out, err;
};

// Runs `basin ARGS...` in this process, no terminal and no environment, with `server` as BASIN_SERVER.
CliResult RunCli(const std::vector<std::string>& args, const std::string& server = "", const std::string& input = "",
                 size_t terminal_width = 0);

}  // namespace basin::tests
