#include "tests/client/cli/cli_runner.h"

#include <sstream>

#include "client/cli/program.h"

namespace basin::tests {

CliResult RunCli(const std::vector<std::string>& args, const std::string& server, const std::string& input,
                 size_t terminal_width) {
  std::istringstream in(input);
  std::ostringstream out, err;
  client::cli::Environment environment;
  environment.in = &in;
  environment.out = &out;
  environment.err = &err;
  environment.out_terminal_width = environment.err_terminal_width = terminal_width;
  environment.variable = [&](const char* name) { return std::string(name) == "BASIN_SERVER" ? server : std::string(); };
  CliResult result;
  result.exit_code = client::cli::RunProgram(args, environment);
  result.out = out.str();
  result.err = err.str();
  return result;
}

}  // namespace basin::tests
