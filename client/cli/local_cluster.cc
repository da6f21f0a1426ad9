#include "client/cli/local_cluster.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <tuple>

#include "client/cli/local_dirs.h"

namespace basin::client::cli {
namespace {

constexpr double kServerStartSeconds = 60;
constexpr size_t kLogLines = 12;

// What tells one version of a file from the next; all zero when there is none.
std::tuple<ino_t, int64_t, int64_t> VersionOf(const std::filesystem::path& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return {0, 0, 0};
  return {info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

std::string ReadLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  // A line without its end may still be being written.
  if (!std::getline(file, line) || file.eof()) return "";
  return line;
}

std::string Died(const std::string& what, const ChildProcess& child) {
  const std::string tail = child.LogTail(kLogLines);
  return what + " ended with " + child.HowItEnded() + (tail.empty() ? "" : "; the end of its log:\n" + tail) +
         "\n(all of it: " + child.log().string() + ")";
}

// Why a coordinator that has just ended did not start, in its own words; empty if its log does not say.
std::string ReasonOfNoStart(const ChildProcess& server) {
  const std::string tail = server.LogTail(1);
  const std::string said = " error \"the server did not start\" reason=\"";
  const size_t at = tail.find(said);
  std::string reason;
  for (size_t i = at == std::string::npos ? tail.size() : at + said.size(); i < tail.size() && tail[i] != '"'; ++i) {
    if (tail[i] == '\\' && i + 1 < tail.size()) ++i;
    reason += tail[i];
  }
  return reason;
}

std::string WorkerName(size_t i) { return "worker-" + std::to_string(i + 1); }

}  // namespace

uint32_t UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<uint32_t>(std::max(1, CPU_COUNT(&set)));
}

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Start(const Options& options, Interrupt& interrupt) {
  if (const absl::Status made = MakeDataDir(options.data_dir); !made.ok()) return made;
  auto cluster = std::unique_ptr<LocalCluster>(new LocalCluster(options));
  absl::Status status = cluster->StartServer(interrupt);
  if (status.ok()) status = cluster->StartWorkers();
  if (!status.ok()) return status;
  return cluster;
}

absl::Status LocalCluster::StartServer(Interrupt& interrupt) {
  const std::filesystem::path endpoint = options_.data_dir / "endpoint";
  const auto before = VersionOf(endpoint);
  std::vector<std::string> args = {"--listen", options_.listen, "--data-dir", options_.data_dir.string()};
  // A server on a port of chance is for one sweep: the port of the metrics is left to one that stays.
  if (options_.listen.ends_with(":0")) args.insert(args.end(), {"--metrics-listen", "off"});
  auto server = ChildProcess::Start(options_.program_dir / "basin-server", args, options_.data_dir / "server.log");
  if (!server.ok()) return absl::FailedPreconditionError(server.status().message());
  server_ = *std::move(server);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(kServerStartSeconds);
  while (VersionOf(endpoint) == before || (address_ = ReadLine(endpoint)).empty()) {
    if (server_->ended()) {
      const std::string reason = ReasonOfNoStart(*server_);
      return absl::FailedPreconditionError(reason.empty() ? Died("the coordinator", *server_)
                                                          : "the coordinator did not start: " + reason);
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return absl::DeadlineExceededError("the coordinator does not come up; see " + server_->log().string());
    }
    if (interrupt.WaitFor(0.005)) return absl::CancelledError("interrupted");
  }
  return absl::OkStatus();
}

absl::Status LocalCluster::StartWorkers() {
  const uint32_t cores = UsableCores();
  const uint32_t slots = options_.slots == 0 ? cores : options_.slots;
  const uint32_t workers = options_.workers;
  for (uint32_t i = 0; i < workers; ++i) {
    const uint32_t share = std::max(1u, slots / workers + (i < slots % workers ? 1 : 0));
    const uint32_t threads = std::max(1u, cores / std::max(slots, workers));
    std::vector<std::string> args = {
        "--server", address_,     "--slots", std::to_string(share), "--threads-per-trial", std::to_string(threads),
        "--name",   WorkerName(i)};
    // The environment may speak of another server's certificates.
    for (const char* unused : {"--cacert", "--cert", "--key"}) args.insert(args.end(), {unused, ""});
    if (!options_.datasets_dir.empty()) {
      args.insert(args.end(), {"--data-dir", options_.datasets_dir.string()});
    }
    auto worker =
        ChildProcess::Start(options_.program_dir / "basin-worker", args, options_.data_dir / (WorkerName(i) + ".log"));
    if (!worker.ok()) return absl::FailedPreconditionError(worker.status().message());
    workers_.push_back(*std::move(worker));
    reported_.push_back(false);
  }
  return absl::OkStatus();
}

absl::Status LocalCluster::Check(const std::function<void(const std::string&)>& lost) {
  if (server_->ended()) return absl::InternalError(Died("the coordinator", *server_));
  size_t left = workers_.size();
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (!workers_[i]->ended()) continue;
    --left;
    if (reported_[i]) continue;
    reported_[i] = true;
    lost(workers_[i]->succeeded() ? WorkerName(i) + " has left" : Died(WorkerName(i), *workers_[i]));
  }
  if (left == 0 && !options_.outlives_workers) {
    return absl::InternalError("no worker is left; the sweep cannot go on");
  }
  return absl::OkStatus();
}

absl::Status LocalCluster::Stop(double seconds) {
  std::string trouble;
  const auto stop = [&](ChildProcess* child, const std::string& name, double patience) {
    if (child->WaitFor(patience)) return;
    child->Signal(SIGKILL);
    child->WaitFor(10);
    trouble += (trouble.empty() ? "" : "; ") + name + " did not stop in time and was killed";
  };
  for (auto& worker : workers_) worker->Signal(SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (size_t i = 0; i < workers_.size(); ++i) {
    const std::chrono::duration<double> left = deadline - std::chrono::steady_clock::now();
    stop(workers_[i].get(), WorkerName(i), std::max(0.0, left.count()));
  }
  if (server_) {
    server_->Signal(SIGTERM);
    stop(server_.get(), "the coordinator", seconds);
  }
  return trouble.empty() ? absl::OkStatus() : absl::DeadlineExceededError(trouble);
}

}  // namespace basin::client::cli
