#include "client/cli/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

namespace basin::client::cli {
namespace {

// Between fork and exec: only what is safe there.
[[noreturn]] void BecomeChild(const char* program, char* const* argv, int log, int nothing, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);  // It died before it could be watched.
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(program, argv);
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::filesystem::path& program,
                                                                  const std::vector<std::string>& args,
                                                                  const std::filesystem::path& log) {
  if (access(program.c_str(), X_OK) != 0) {
    return absl::NotFoundError("cannot run " + program.string() + ": " + std::strerror(errno));
  }
  const int log_descriptor = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_descriptor < 0) {
    return absl::FailedPreconditionError("cannot write " + log.string() + ": " + std::strerror(errno));
  }
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeChild(words[0].c_str(), argv.data(), log_descriptor, nothing, parent);
  const int fork_error = errno;
  close(log_descriptor);
  close(nothing);
  if (pid < 0) return absl::ResourceExhaustedError(std::string("cannot start a process: ") + std::strerror(fork_error));
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, log));
}

ChildProcess::~ChildProcess() {
  if (ended()) return;
  Signal(SIGKILL);
  WaitFor(10);
}

bool ChildProcess::ended() {
  if (status_) return true;
  int status = 0;
  const pid_t got = waitpid(pid_, &status, WNOHANG);
  if (got == pid_) status_ = status;
  return status_.has_value();
}

bool ChildProcess::WaitFor(double seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!ended()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

void ChildProcess::Signal(int signal) {
  if (!ended()) kill(pid_, signal);
}

std::string ChildProcess::HowItEnded() const {
  const int status = status_.value_or(0);
  if (WIFSIGNALED(status)) {
    return "signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

bool ChildProcess::succeeded() const {
  const int status = status_.value_or(0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string ChildProcess::LogTail(size_t lines) const {
  constexpr std::streamoff kMostBytes = 16 * 1024;
  std::ifstream file(log_, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (size <= 0) return "";
  const std::streamoff begin = std::max<std::streamoff>(0, size - kMostBytes);
  file.seekg(begin);
  std::string text(static_cast<size_t>(size - begin), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  size_t at = text.size();
  for (size_t i = 0; i < lines && at != std::string::npos && at > 0; ++i) at = text.rfind('\n', at - 1);
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

}  // namespace basin::client::cli
