#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/eventually.h"

namespace basin::tests {

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& log) : log_(log) {
  // All that allocates happens before the fork.
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = out < 0 ? -1 : fork();
  if (pid_ < 0) {
    std::perror("starting a child process");
    std::abort();
  }
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(out);
}

ChildProcess::~ChildProcess() {
  if (IsRunning()) Kill9();
}

bool ChildProcess::IsRunning() {
  if (exit_code_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

void ChildProcess::Signal(int signal) {
  if (IsRunning()) kill(pid_, signal);
}

std::optional<int> ChildProcess::AwaitExit(std::chrono::steady_clock::duration limit) {
  Eventually([this] { return !IsRunning(); }, limit);
  return exit_code_;
}

void ChildProcess::Kill9() {
  Signal(SIGKILL);
  AwaitExit();
}

std::string ChildProcess::LogText() const {
  std::stringstream text;
  text << std::ifstream(log_).rdbuf();
  return text.str();
}

int RunProgram(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  return ChildProcess(arguments, log).AwaitExit().value_or(-1);
}

}  // namespace basin::tests
