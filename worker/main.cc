// basin-worker: leases trials from a coordinator and trains them.

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "grpc/support/log.h"
#include "proto/contract/channel.h"
#include "proto/contract/digest.h"
#include "proto/contract/tls_probe.h"
#include "proto/contract/version.h"
#include "worker/agent/agent.h"
#include "worker/agent/grpc_coordinator_client.h"
#include "worker/data/catalog.h"
#include "worker/job/job.h"

namespace {

namespace agent = basin::worker::agent;
namespace contract = basin::contract;

// The whole program is built for x86-64-v3, so this runs before everything else, and is itself built for any x86-64.
__attribute__((constructor(101), target("arch=x86-64"))) void RequireCpu() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return;
  constexpr char kMessage[] =
      "basin-worker: this machine's CPU lacks AVX2 or FMA, which the engine is built for (x86-64-v3: Intel Haswell, "
      "2013, or AMD Excavator, 2015, and later)\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  _exit(1);
}

constexpr int kUsageError = 2, kNotPermitted = 4;
// A worker that is told to stop is gone after this, whatever its jobs do.
constexpr timespec kLongestDrain = {.tv_sec = 15, .tv_nsec = 0};
constexpr timespec kTogether = {.tv_sec = 0, .tv_nsec = 100'000'000};

struct Flags {
  std::string server = "127.0.0.1:7077";
  uint32_t slots = 0;
  uint32_t threads_per_trial = 1;
  std::string data_dir;
  std::string name;
  contract::CredentialFiles credentials;
  contract::LogFormat log_format = contract::LogFormat::kText;
  contract::LogLevel log_level = contract::LogLevel::kInfo;
};

// Empty if `text` is HOST:PORT.
std::string CheckServer(const std::string& text) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port == 0 ||
      port > 65535) {
    return absl::StrCat("'", text, "' is not HOST:PORT");
  }
  return "";
}

bool IsNameChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-'; }

std::string CheckName(const std::string& text) {
  const bool good = !text.empty() && text.size() <= 128 && std::isalnum(static_cast<unsigned char>(text[0])) &&
                    std::all_of(text.begin(), text.end(), IsNameChar);
  return good ? "" : absl::StrCat("'", text, "' is not a name: up to 128 letters, digits, '.', '_', '-'");
}

std::string DefaultName() {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  std::string name;
  for (const char* c = host; *c != '\0' && name.size() < 100; ++c) name += IsNameChar(*c) ? *c : '-';
  if (name.empty() || !std::isalnum(static_cast<unsigned char>(name[0]))) name = "worker" + name;
  return absl::StrCat(name, "-", getpid());
}

// Where deploy/fetch-dataset puts what it fetches.
std::string DefaultDataDir() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.local/share/basin/data";
}

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("--server", flags.server, "The coordinator's address, HOST:PORT")
      ->envname("BASIN_SERVER")
      ->check(CheckServer)
      ->capture_default_str();
  app.add_option("--slots", flags.slots, "Trials to run at once [all cores / threads per trial]")
      ->envname("BASIN_SLOTS")
      ->check(CLI::Range(1, 4096));
  app.add_option("--threads-per-trial", flags.threads_per_trial,
                 "Threads inside a trial; the results do not depend on it")
      ->envname("BASIN_THREADS_PER_TRIAL")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--data-dir", flags.data_dir, "Where data sets lie; may be absent")
      ->envname("BASIN_DATASETS_DIR")
      ->capture_default_str();
  app.add_option("--name", flags.name, "How the worker is called in lists [HOSTNAME-PID]")
      ->envname("BASIN_NAME")
      ->check(CheckName);
  app.add_option("--cacert", flags.credentials.ca, "PEM file of the authority of the server's certificate: use TLS")
      ->envname("BASIN_CACERT");
  app.add_option("--cert", flags.credentials.certificate, "PEM file of this worker's certificate (mutual TLS)")
      ->envname("BASIN_CERT");
  app.add_option("--key", flags.credentials.key, "PEM file of the certificate's key")->envname("BASIN_KEY");
  app.add_option("--token-file", flags.credentials.token, "File with this worker's token; read again when it changes")
      ->envname("BASIN_TOKEN_FILE");
  app.add_option("--log-format", flags.log_format, "text or json")
      ->envname("BASIN_LOG_FORMAT")
      ->transform(CLI::CheckedTransformer(std::map<std::string, contract::LogFormat>{
          {"text", contract::LogFormat::kText}, {"json", contract::LogFormat::kJson}}))
      ->default_str("text");
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")
      ->envname("BASIN_LOG_LEVEL")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, contract::LogLevel>{{"debug", contract::LogLevel::kDebug},
                                                                            {"info", contract::LogLevel::kInfo},
                                                                            {"warn", contract::LogLevel::kWarning},
                                                                            {"error", contract::LogLevel::kError}}))
      ->default_str("info");
  app.set_version_flag("--version", absl::StrCat("basin-worker ", contract::kVersion));
  app.footer(
      "Each flag has an environment variable, named in brackets; the flag wins.\nSIGTERM or SIGINT hands the leases "
      "back and "
      "leaves; a second one leaves at once.\n\nExample: basin-worker --server 10.0.0.5:7077 --slots 4");
}

agent::AgentOptions MakeOptions(const Flags& flags, const basin::worker::data::Catalog* catalog) {
  agent::AgentOptions options;
  options.registration.set_name(flags.name);
  options.registration.set_engine_fingerprint(basin::worker::job::EngineFingerprint());
  options.registration.set_slots(flags.slots);
  options.registration.set_threads_per_trial(flags.threads_per_trial);
  for (const auto& [name, digest] : catalog->Digests()) {
    basin::v1::AvailableDataset& dataset = *options.registration.add_datasets();
    dataset.set_name(name);
    dataset.set_digest(digest);
  }
  options.run_job = basin::worker::job::RunJob;
  options.catalog = catalog;
  options.server = flags.server;
  options.jitter_seed = std::random_device()();
  return options;
}

// Where gRPC's own lines go.
contract::EventLog* grpc_log = nullptr;
void LogGrpc(gpr_log_func_args* line) {
  const bool error = line->severity == GPR_LOG_SEVERITY_ERROR;
  const contract::EventLog::Fields fields = {{"text", std::string(line->message)}};
  error ? grpc_log->Warning("grpc", fields) : grpc_log->Debug("grpc", fields);
}

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Takes the signals to stop, which all threads block: the first drains, the second ends the process at once. Ends when
// a signal comes after `done` is set.
void AwaitSignals(agent::Agent* worker, contract::EventLog* log, const std::atomic<bool>* done) {
  const sigset_t signals = StopSignals();
  int signal = 0;
  sigwait(&signals, &signal);
  if (*done) return;
  worker->Drain();
  // The same signal again at once is the same word: the kernel repeats a parent's death signal for each of its threads.
  int second = 0;
  do {
    second = sigtimedwait(&signals, nullptr, &kTogether);
  } while (second == signal && !*done);
  if (second <= 0 && !*done) second = sigtimedwait(&signals, nullptr, &kLongestDrain);
  if (*done) return;
  if (second > 0) {
    log->Warning("left at once: a second signal to stop");
    _exit(128 + second);
  }
  log->Error("left: a trial did not stop in time");
  _exit(1);
}

// Where digests of the data dir's files are kept from start to start: below the folder that systemd gives for such, or
// the user's. Empty if there is none.
std::filesystem::path DigestFile(const std::filesystem::path& data_dir) {
  std::filesystem::path folder;
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value != nullptr ? value : "");
  };
  if (variable("CACHE_DIRECTORY").is_absolute()) {
    folder = variable("CACHE_DIRECTORY");
  } else if (variable("XDG_CACHE_HOME").is_absolute()) {
    folder = variable("XDG_CACHE_HOME") / "basin";
  } else if (variable("HOME").is_absolute()) {
    folder = variable("HOME") / ".cache" / "basin";
  } else {
    return {};
  }
  std::error_code error;
  const std::string name = std::filesystem::weakly_canonical(data_dir, error).string();
  return error ? std::filesystem::path() : folder / ("digests-" + contract::Sha256Hex(name).substr(0, 16));
}

int RunWorker(const Flags& flags, contract::EventLog* log) {
  const auto catalog = basin::worker::data::Catalog::Open(flags.data_dir, DigestFile(flags.data_dir));
  if (!catalog.ok()) {
    log->Error("the data dir can't be read",
               {{"data_dir", flags.data_dir}, {"error", std::string(catalog.status().message())}});
    return 1;
  }
  const auto channel = contract::CreateChannel(flags.server, flags.credentials);
  if (!channel.ok()) {
    log->Error("the credentials can't be used", {{"error", std::string(channel.status().message())}});
    return absl::IsUnauthenticated(channel.status()) ? kNotPermitted : kUsageError;
  }
  agent::GrpcCoordinatorClient client(
      *channel, [&flags] { return contract::ExplainUnavailable(flags.server, flags.credentials); });
  agent::SystemClock clock;
  agent::Agent worker(MakeOptions(flags, catalog->get()), &client, &clock, log);
  log->Info("starting", {{"version", std::string(contract::kVersion)},
                         {"server", flags.server},
                         {"name", flags.name},
                         {"slots", static_cast<int64_t>(flags.slots)},
                         {"threads_per_trial", static_cast<int64_t>(flags.threads_per_trial)},
                         {"data_dir", flags.data_dir}});

  std::atomic<bool> done = false;
  std::thread signals([&] { AwaitSignals(&worker, log, &done); });
  const absl::Status left = worker.Run();
  done = true;
  pthread_kill(signals.native_handle(), SIGTERM);
  signals.join();
  if (absl::IsUnauthenticated(left) || absl::IsPermissionDenied(left)) return kNotPermitted;
  return left.ok() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  // Before any thread starts, so that all inherit it.
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Flags flags;
  flags.data_dir = DefaultDataDir();
  CLI::App app("Leases trials from a basin coordinator and trains them.", "basin-worker");
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  if (flags.slots == 0) {
    flags.slots = std::clamp(std::thread::hardware_concurrency() / flags.threads_per_trial, 1u, 4096u);
  }
  if (flags.name.empty()) flags.name = DefaultName();
  const auto log = contract::EventLog::ToStderr("worker", flags.log_format, flags.log_level);
  grpc_log = log.get();
  gpr_set_log_function(LogGrpc);
  const int exit_code = RunWorker(flags, log.get());
  gpr_set_log_function(nullptr);
  return exit_code;
}
