// basin-server: flags -> parts -> wait for a signal.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "grpc/support/log.h"
#include "proto/contract/space.h"
#include "proto/contract/version.h"
#include "server/data_dir_commands.h"
#include "server/observe/http_listener.h"
#include "server/observe/metrics.h"
#include "server/rpc/server.h"
#include "server/runtime/endpoint_file.h"
#include "server/runtime/log.h"
#include "server/runtime/system_clock.h"
#include "server/security_flags.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_store.h"
#include "server/token_command.h"

namespace basin::server {
namespace {

using runtime::Log;
using runtime::LogFormat;
using runtime::LogLevel;

constexpr int kExitFailed = 1, kExitUsage = 2;

struct Flags {
  std::string listen = "127.0.0.1:7077";
  std::string metrics_listen = "127.0.0.1:7078";
  bool metrics_asked_for = false;  // The address was given.
  std::string data_dir;
  double lease_seconds = 30;
  SecurityFlags security;
  uint64_t max_artifact_bytes = 0;
  rpc::SweepCaps caps;
  uint64_t max_sweeps_an_owner = 0;
  uint32_t keep_metrics_days = 0;
  bool enable_reflection = false;
  std::string log_format = "text";
  std::string log_level = "info";
};

std::string DefaultDataDir() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return absl::StrCat(state, "/basin");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr && *home != '\0' ? home : "/var/lib", "/.local/state/basin");
}

void DeclareFlags(CLI::App* app, Flags* flags) {
  flags->data_dir = DefaultDataDir();
  app->add_option("--listen", flags->listen, "HOST:PORT to serve on; port 0 takes a free one")
      ->envname("BASIN_LISTEN")
      ->capture_default_str();
  app->add_option("--metrics-listen", flags->metrics_listen,
                  "HOST:PORT of /metrics, /livez and /readyz, over plain HTTP; `off` for none")
      ->envname("BASIN_METRICS_LISTEN")
      ->capture_default_str();
  app->add_option("--data-dir", flags->data_dir, "Folder of the database; made if it is missing")
      ->envname("BASIN_DATA_DIR")
      ->capture_default_str();
  app->add_option("--lease-seconds", flags->lease_seconds,
                  "How long a worker may be silent before its trials go to others")
      ->envname("BASIN_LEASE_SECONDS")
      ->check(CLI::Range(0.5, 86400.0))
      ->capture_default_str();
  app->add_option("--max-artifact-bytes", flags->max_artifact_bytes,
                  "The most that checkpoints may take on disk together; further ones are refused [no limit]")
      ->envname("BASIN_MAX_ARTIFACT_BYTES");
  app->add_option("--max-trials", flags->caps.trials, "The most trials of a sweep")
      ->envname("BASIN_MAX_TRIALS")
      ->check(CLI::Range(uint64_t{1}, contract::kMaxTrials))
      ->capture_default_str();
  app->add_option("--max-fields", flags->caps.fields, "The most fields that a sweep ranges over")
      ->envname("BASIN_MAX_FIELDS")
      ->capture_default_str();
  app->add_option("--max-values", flags->caps.values_a_field, "The most values of such a field")
      ->envname("BASIN_MAX_VALUES")
      ->check(CLI::Range(uint64_t{1}, contract::kMaxTrials))
      ->capture_default_str();
  app->add_option("--max-sweeps-an-owner", flags->max_sweeps_an_owner,
                  "The most sweeps, ended ones included, that belong to one principal; 0 is no limit")
      ->envname("BASIN_MAX_SWEEPS_AN_OWNER")
      ->capture_default_str();
  app->add_option("--keep-metrics-days", flags->keep_metrics_days,
                  "Delete the metric points of sweeps that ended longer ago; their results stay. 0 keeps all")
      ->envname("BASIN_KEEP_METRICS_DAYS")
      ->check(CLI::Range(0, 36500))
      ->capture_default_str();
  DeclareSecurityFlags(app, &flags->security);
  app->add_flag("--enable-reflection", flags->enable_reflection, "Tell any caller the schema of the services")
      ->envname("BASIN_ENABLE_REFLECTION");
  app->add_option("--log-format", flags->log_format, "text or json")
      ->envname("BASIN_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app->add_option("--log-level", flags->log_level, "debug, info, warn or error")
      ->envname("BASIN_LOG_LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app->set_version_flag("--version", absl::StrCat("basin-server ", contract::kVersion));
  app->footer(
      "Each flag has an environment variable, named in brackets; the flag wins.\n"
      "Example: basin-server --listen 127.0.0.1:7077 --data-dir ~/sweeps");
}

LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warn") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

void LogGrpc(gpr_log_func_args* line) {
  const LogLevel level = line->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug;
  Log(level, "grpc", {{"text", line->message}});
}

absl::Status MakeDataDir(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot make ", parent.string(), ": ", error.message()));
  if (mkdir(path.c_str(), 0700) == 0 || (errno == EEXIST && std::filesystem::is_directory(path, error))) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("cannot make the data dir ", path, ": ", std::strerror(errno)));
}

// Blocks the two signals in this thread and in all that it starts, so that WaitForSignal alone sees them.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void Reload(access::Gatekeeper* gatekeeper) {
  if (gatekeeper == nullptr) {
    Log(LogLevel::kWarning, "nothing to reload: tokens take effect when the server starts with them");
    return;
  }
  const absl::Status reloaded = gatekeeper->Reload();
  if (reloaded.ok()) {
    Log(LogLevel::kInfo, "tokens and certificates' roles are read again");
  } else {
    Log(LogLevel::kError, "the tokens and roles of before stay in force",
        {{"reason", std::string(reloaded.message())}});
  }
}

// Returns when it is time to stop. SIGHUP reloads who may call.
void WaitForSignal(const sigset_t& signals, access::Gatekeeper* gatekeeper) {
  int number = 0;
  while (sigwait(&signals, &number) == 0 && number == SIGHUP) Reload(gatekeeper);
  Log(LogLevel::kInfo, "draining; another signal stops at once", {{"signal", strsignal(number)}});
  // The same signal again at once is the same word: the kernel repeats a parent's death signal for each of its threads.
  constexpr timespec kTogether = {.tv_sec = 0, .tv_nsec = 100'000'000};
  int second = 0;
  do {
    second = sigtimedwait(&signals, nullptr, &kTogether);
  } while (second == number || second == SIGHUP);
  // A second signal ends the process with its default action: what was acknowledged is on disk.
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  if (second > 0) raise(second);
}

// Null: none. The default port may be another server's, which is no reason not to start.
absl::StatusOr<std::unique_ptr<observe::HttpListener>> ListenForMetrics(const Flags& flags, observe::Metrics* metrics) {
  if (flags.metrics_listen == "off") return nullptr;
  const absl::StatusOr<rpc::ListenAddress> address = rpc::ParseListenAddress(flags.metrics_listen);
  if (!address.ok()) return address.status();
  absl::StatusOr<std::unique_ptr<observe::HttpListener>> listener =
      observe::HttpListener::Start(*address, {.metrics = [metrics] { return metrics->Expose(); },
                                              .live = [metrics] { return metrics->Live(); },
                                              .ready = [metrics] { return metrics->Ready(); }});
  if (listener.ok() || flags.metrics_asked_for) return listener;
  Log(LogLevel::kWarning, "no metrics are served", {{"reason", std::string(listener.status().message())}});
  return nullptr;
}

absl::Status Serve(const Flags& flags, const rpc::ListenAddress& listen, const rpc::TlsOptions& tls,
                   access::Gatekeeper* gatekeeper, const sigset_t& signals) {
  const absl::Status made = MakeDataDir(flags.data_dir);
  if (!made.ok()) return made;
  const absl::StatusOr<std::unique_ptr<store::SqliteStore>> store = store::SqliteStore::Open(flags.data_dir);
  if (!store.ok()) return store.status();
  if (flags.keep_metrics_days > 0) (*store)->KeepMetrics(std::chrono::hours(24 * flags.keep_metrics_days));
  const runtime::SystemClock clock;
  const absl::StatusOr<std::unique_ptr<store::SqliteQueries>> queries =
      store::SqliteQueries::Open(flags.data_dir, [&clock] { return clock.Read().mono; });
  if (!queries.ok()) return queries.status();
  const absl::StatusOr<std::unique_ptr<store::ArtifactStore>> artifacts =
      store::ArtifactStore::Open(flags.data_dir, {.max_total_bytes = flags.max_artifact_bytes});
  if (!artifacts.ok()) return artifacts.status();
  observe::Metrics metrics;
  const absl::StatusOr<std::unique_ptr<observe::HttpListener>> listener = ListenForMetrics(flags, &metrics);
  if (!listener.ok()) return listener.status();
  rpc::ServerOptions options{.listen = listen,
                             .tls = tls,
                             .gatekeeper = gatekeeper,
                             .coordinator = {},
                             .caps = flags.caps,
                             .enable_reflection = flags.enable_reflection,
                             .call_observer = &metrics};
  options.on_late_shutdown = [] {
    Log(LogLevel::kError, "a call can't be ended: the process ends without it; what was acknowledged is on disk");
    std::_Exit(kExitFailed);
  };
  options.coordinator.observer = &metrics;
  options.coordinator.tidy_interval = std::chrono::minutes(1);
  options.coordinator.settings.max_sweeps_an_owner = flags.max_sweeps_an_owner;
  options.coordinator.settings.lease =
      std::chrono::duration_cast<core::MonoTime>(std::chrono::duration<double>(flags.lease_seconds));
  absl::StatusOr<std::unique_ptr<rpc::Server>> server =
      rpc::Server::Start(options, store->get(), queries->get(), artifacts->get(), &clock);
  if (!server.ok()) return server.status();
  const std::string address = (*server)->address().ToString();
  const absl::StatusOr<std::unique_ptr<runtime::EndpointFile>> endpoint =
      runtime::EndpointFile::Write(flags.data_dir, address);
  if (!endpoint.ok()) return endpoint.status();
  Log(LogLevel::kInfo, absl::StrCat("listening on ", address),
      {{"version", contract::kVersion},
       {"data_dir", flags.data_dir},
       {"lease_s", flags.lease_seconds},
       {"tls", tls.enabled() ? (tls.require_client_certificate ? "mutual" : "yes") : "no"},
       {"authentication", gatekeeper != nullptr ? "yes" : "no"}});
  std::unique_ptr<runtime::EndpointFile> metrics_endpoint;
  if (*listener != nullptr) {
    const std::string metrics_address = (*listener)->address().ToString();
    absl::StatusOr<std::unique_ptr<runtime::EndpointFile>> written =
        runtime::EndpointFile::Write(flags.data_dir, metrics_address, "metrics-endpoint");
    if (!written.ok()) return written.status();
    metrics_endpoint = *std::move(written);
    Log(LogLevel::kInfo, absl::StrCat("metrics on http://", metrics_address, "/metrics"));
  }
  metrics.SetSource([server = server->get(), queries = queries->get()] {
    return observe::Metrics::Sample{.server = server->GetStatus(), .log_bytes = queries->LogBytes()};
  });
  WaitForSignal(signals, gatekeeper);
  metrics.SetSource({});
  (*server)->Shutdown();
  Log(LogLevel::kInfo, "stopped");
  return absl::OkStatus();
}

int UsageError(const absl::Status& status) {
  std::fprintf(stderr, "basin-server: %s\n", std::string(status.message()).c_str());
  return kExitUsage;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("The coordinator of basin: turns sweeps into trials and leases them to workers.", "basin-server");
  DeclareFlags(&app, &flags);
  app.require_subcommand(0, 1);
  int command_exit_code = -1;
  AddDataDirCommands(&app, &command_exit_code);
  AddTokenCommand(
      &app,
      [&flags] {
        return TokenCommandFiles{.tokens = TokenFileOf(flags.security, flags.data_dir), .data_dir = flags.data_dir};
      },
      MakeDataDir, &command_exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (command_exit_code >= 0) return command_exit_code;
  flags.metrics_asked_for = app.count("--metrics-listen") > 0;
  const absl::StatusOr<rpc::ListenAddress> listen = rpc::ParseListenAddress(flags.listen);
  if (!listen.ok()) return UsageError(listen.status());
  const absl::StatusOr<std::unique_ptr<access::Gatekeeper>> gatekeeper = OpenGatekeeper(flags.security, flags.data_dir);
  if (!gatekeeper.ok()) return UsageError(gatekeeper.status());
  const absl::StatusOr<rpc::TlsOptions> tls = CheckSecurity(flags.security, *listen, gatekeeper->get());
  if (!tls.ok()) return UsageError(tls.status());
  runtime::StartLogging(flags.log_format == "json" ? LogFormat::kJson : LogFormat::kText, LevelOf(flags.log_level));
  gpr_set_log_function(LogGrpc);
  if (!listen->IsLoopback() && *gatekeeper == nullptr) {
    Log(LogLevel::kWarning,
        "INSECURE: anyone who reaches this address can submit sweeps, read all results and act as a worker",
        {{"listen", flags.listen}});
  } else if (!listen->IsLoopback() && !tls->enabled()) {
    Log(LogLevel::kWarning,
        "INSECURE: anyone on the way to this address can read tokens and results, and use the tokens",
        {{"listen", flags.listen}});
  }
  const sigset_t signals = BlockSignals();
  const absl::Status served = Serve(flags, *listen, *tls, gatekeeper->get(), signals);
  if (served.ok()) return 0;
  Log(LogLevel::kError, "the server did not start", {{"reason", std::string(served.message())}});
  return kExitFailed;
}

}  // namespace
}  // namespace basin::server

int main(int argc, char** argv) { return basin::server::Main(argc, argv); }
