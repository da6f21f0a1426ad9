#include <map>
#include <set>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/proto_time.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "proto/contract/version.h"

namespace basin::client::cli {
namespace {

constexpr uint64_t kLargeDatabaseBytes = uint64_t{20} << 30;

bool IsThisMachine(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("localhost:") || address.starts_with("[::1]:");
}

// The checks' findings, a row each.
class Findings {
 public:
  explicit Findings(Context& context)
      : rows_(context.Rows({{.name = "status", .color = StateColor},
                            {.name = "check"},
                            {.name = "finding"},
                            {.name = "advice", .hide_blank = true}})) {}
  void Ok(std::string check, std::string finding) { Add("ok", std::move(check), std::move(finding), ""); }
  void Warn(std::string check, std::string finding, std::string advice) {
    Add("warn", std::move(check), std::move(finding), std::move(advice));
  }
  void Fail(std::string check, std::string finding, std::string advice) {
    failed_ = true;
    Add("fail", std::move(check), std::move(finding), std::move(advice));
  }
  bool failed() const { return failed_; }
  void Finish() { rows_->Finish(); }

 private:
  void Add(std::string status, std::string check, std::string finding, std::string advice) {
    rows_->Add({std::move(status), std::move(check), std::move(finding), std::move(advice)});
  }
  std::unique_ptr<format::RowWriter> rows_;
  bool failed_ = false;
};

void CheckServer(const v1::GetServerInfoResponse& info, const std::string& address, Findings* findings) {
  findings->Ok("server", "basin-server " + info.version() + " answers at " + address + ", up for " +
                             format::HumanDuration(Now() - SecondsOf(info.started_at())));
  if (info.protocol_version() != contract::kProtocolVersion) {
    findings->Fail("protocol",
                   "the server speaks " + std::to_string(info.protocol_version()) + ", this client " +
                       std::to_string(contract::kProtocolVersion),
                   "install the same version of both");
  } else if (info.version() != contract::kVersion) {
    findings->Warn("version", "this client is " + std::string(contract::kVersion), "install the same version of both");
  } else {
    findings->Ok("protocol", std::to_string(info.protocol_version()) + " on both sides");
  }
  if (info.disk_full()) {
    findings->Fail("disk", "the server's disk is full; it refuses changes", "make space where its data dir is");
  }
  const std::string size = format::HumanBytes(info.database_bytes());
  if (info.database_bytes() > kLargeDatabaseBytes) {
    findings->Warn("database", size, "`basin rm` deletes sweeps that are no longer needed");
  } else {
    findings->Ok("database", size + ", schema " + std::to_string(info.schema_version()));
  }
}

absl::Status CheckWorkers(Context& context, Findings* findings) {
  uint64_t connected = 0, slots = 0, running = 0;
  std::vector<std::string> lost;
  std::map<std::string, uint64_t> datasets;              // Name -> workers that have it.
  std::map<std::string, std::set<std::string>> digests;  // Name -> the digests there are.
  std::set<std::string> engines;
  api::Pager<v1::Worker> workers = context.client().Workers();
  const absl::Status status = workers.ForEach([&](const v1::Worker& worker) {
    if (worker.state() == v1::WORKER_STATE_LOST) lost.push_back(worker.name());
    if (worker.state() != v1::WORKER_STATE_CONNECTED) return true;
    ++connected;
    slots += worker.slots();
    running += worker.running();
    engines.insert(worker.engine_fingerprint());
    for (const v1::AvailableDataset& dataset : worker.datasets()) {
      ++datasets[dataset.name()];
      digests[dataset.name()].insert(dataset.digest());
    }
    return true;
  });
  if (!status.ok()) return status;

  if (connected == 0) {
    findings->Fail("workers", "none is connected", "start one: basin-worker --server " + context.address());
    return absl::OkStatus();
  }
  findings->Ok("workers", std::to_string(connected) + " connected, " + std::to_string(running) + " of " +
                              format::Count(slots, "slot") + " in use");
  if (!lost.empty()) {
    findings->Warn("lost workers", format::Count(lost.size(), "worker") + " not heard of, such as " + lost.front(),
                   "see `basin workers`; look at their logs");
  }
  if (engines.size() > 1) {
    findings->Warn("engines", std::to_string(engines.size()) + " kinds of engine compute different bits",
                   "run the same build on all workers");
  } else {
    findings->Ok("engines", "all workers compute the same bits");
  }
  std::string names;
  for (const auto& [name, n] : datasets) names += (names.empty() ? "" : ", ") + name + " on " + std::to_string(n);
  findings->Ok("data sets", names.empty() ? "none" : names);
  for (const auto& [name, kinds] : digests) {
    if (kinds.size() > 1) {
      findings->Warn("data sets", name + " differs between workers", "give all workers the same files");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSweeps(Context& context, Findings* findings) {
  uint64_t active = 0;
  api::Pager<v1::Sweep> sweeps = context.client().Sweeps({v1::SWEEP_STATE_RUNNING, v1::SWEEP_STATE_PAUSED});
  const absl::Status status = sweeps.ForEach([&](const v1::Sweep& sweep) {
    ++active;
    if (!sweep.waiting().empty()) findings->Warn("sweep " + sweep.id(), "waits", sweep.waiting());
    return true;
  });
  if (!status.ok()) return status;
  findings->Ok("sweeps", std::to_string(active) + " running or paused");
  return absl::OkStatus();
}

void CheckCredentials(Context& context, Findings* findings) {
  const contract::CredentialFiles files = context.credentials();
  const std::string shown = files.token.empty() ? "no token" : "the token in " + files.token;
  if (!files.tls() && !files.token.empty() && !IsThisMachine(context.address())) {
    findings->Warn("credentials", shown + " goes unencrypted to " + context.address(),
                   "serve with --cert-file and name its authority with --cacert");
  } else {
    findings->Ok("credentials",
                 (files.tls() ? files.certificate.empty() ? "TLS, " : "mutual TLS, " : "plaintext, ") + shown);
  }
}

absl::StatusOr<int> Doctor(Context& context) {
  Findings findings(context);
  const absl::StatusOr<v1::GetServerInfoResponse> info = context.client().ServerInfo();
  if (absl::IsUnavailable(info.status())) {
    findings.Fail("server", "nothing answers at " + context.address(),
                  "start one with `basin up`, or name another with --server");
    findings.Finish();
    return api::kUnreachable;
  }
  if (absl::IsUnauthenticated(info.status()) || absl::IsPermissionDenied(info.status()) ||
      absl::IsInvalidArgument(info.status())) {
    const std::string text(info.status().message());
    const size_t advice = text.find("; ");
    findings.Fail("credentials", text.substr(0, advice), advice == std::string::npos ? "" : text.substr(advice + 2));
    findings.Finish();
    return api::ExitCodeOf(info.status());
  }
  if (!info.ok()) return info.status();
  CheckCredentials(context, &findings);
  CheckServer(*info, context.address(), &findings);
  absl::Status status = CheckWorkers(context, &findings);
  if (status.ok()) status = CheckSweeps(context, &findings);
  if (!status.ok()) return status;
  findings.Finish();
  return findings.failed() ? api::kFailed : api::kOk;
}

}  // namespace

Command DoctorCommand() {
  return {.name = "doctor",
          .group = "The service",
          .summary = "Check the service, and say what to do about what is wrong; exit 1 if something is",
          .example =
              "basin doctor\n"
              "basin doctor --server 10.0.0.5:7077",
          .define = [](CLI::App&) -> Action { return [](Context& context) { return Doctor(context); }; }};
}

}  // namespace basin::client::cli
