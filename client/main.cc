// basin: the command line client.

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "client/cli/program.h"

namespace {

size_t TerminalWidth(int descriptor) {
  if (!isatty(descriptor)) return 0;
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  basin::client::cli::Environment environment;
  environment.in = &std::cin;
  environment.out = &std::cout;
  environment.err = &std::cerr;
  environment.out_terminal_width = TerminalWidth(STDOUT_FILENO);
  environment.err_terminal_width = TerminalWidth(STDERR_FILENO);
  environment.variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  std::error_code error;
  environment.program_dir = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  return basin::client::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc), environment);
}
