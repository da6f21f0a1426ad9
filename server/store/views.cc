#include "server/store/views.h"

#include <initializer_list>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace basin::server::store {
namespace {

std::string TimeText(std::string_view column) {
  return absl::StrCat("strftime('%Y-%m-%dT%H:%M:%fZ', ", std::string(column), " / 1e9, 'unixepoch')");
}

// The names of 1, 2, ...
std::string NameOf(std::string_view column, std::initializer_list<std::string_view> names) {
  std::string text = absl::StrCat("CASE ", std::string(column));
  int number = 0;
  for (const std::string_view name : names)
    absl::StrAppend(&text, " WHEN ", ++number, " THEN '", std::string(name), "'");
  return absl::StrCat(text, " END");
}

std::string RealOrNull(std::string_view column) {
  const std::string name(column);
  return absl::StrCat("iif(typeof(", name, ") = 'text', NULL, ", name, ")");
}

std::string Sweeps() {
  return absl::StrCat(
      "SELECT s.id AS sweep, s.name AS name, ",
      NameOf("s.state", {"RUNNING", "PAUSED", "FINISHED", "CANCELLED", "FAILED"}),
      " AS state, s.message AS message, s.configs AS configs, s.seeds AS seeds, s.configs * s.seeds AS trials, "
      "s.pending AS pending, s.running AS running, s.succeeded AS succeeded, s.diverged AS diverged, "
      "s.pruned AS pruned, s.failed AS failed, s.cancelled AS cancelled, s.reused AS reused, s.objective AS objective, "
      "iif(s.maximize, 'maximize', 'minimize') AS goal, s.best_trial AS best_trial, ",
      RealOrNull("s.best_objective"), " AS best_objective, s.priority AS priority, ", TimeText("s.created_at"),
      " AS created, ", TimeText("s.started_at"), " AS started, ", TimeText("s.ended_at"),
      " AS ended, nullif(s.owner, '') AS owner, "
      "iif(s.verified_sweep = '', NULL, s.verified_sweep || '/' || s.verified_trial) AS verifies FROM sweep s");
}

std::string Configs() {
  return "SELECT s.id AS sweep, c.config AS config, (SELECT json_group_object(y.text, "
         "iif(p.is_bool, json(iif(p.value, 'true', 'false')), p.value)) FROM param p JOIN symbol y ON y.key = p.path "
         "WHERE p.sweep = c.sweep AND p.config = c.config) AS params "
         "FROM config c JOIN sweep s ON s.key = c.sweep";
}

std::string Trials() {
  return absl::StrCat(
      "SELECT s.id AS sweep, t.idx AS trial, t.config AS config, t.seed AS seed, ",
      NameOf("t.state", {"PENDING", "RUNNING", "SUCCEEDED", "DIVERGED", "PRUNED", "FAILED", "CANCELLED"}),
      " AS state, t.attempts AS attempts, w.name AS worker, w.id AS worker_id, ", RealOrNull("t.objective"),
      " AS objective, ", TimeText("t.started_at"), " AS started, ", TimeText("t.ended_at"),
      " AS finished, t.duration / 1e9 AS duration, nullif(t.weights_digest, '') AS weights_digest, "
      "d.text AS data_digest, e.text AS engine_fingerprint, t.message AS message, "
      "nullif(t.reused_from, '') AS reused_from "
      "FROM trial t JOIN sweep s ON s.key = t.sweep LEFT JOIN worker w ON w.key = t.worker "
      "LEFT JOIN symbol d ON d.key = t.data_digest LEFT JOIN symbol e ON e.key = t.engine_fingerprint");
}

std::string Artifacts() {
  return absl::StrCat("SELECT s.id AS sweep, a.trial AS trial, a.attempt AS attempt, a.name AS name, ",
                      NameOf("a.kind", {"checkpoint", "weights"}), " AS kind, a.step AS step, a.bytes AS bytes, ",
                      "a.sha256 AS sha256, ", TimeText("a.at"),
                      " AS created FROM artifact a JOIN sweep s ON s.key = a.sweep WHERE ", kIsShown);
}

std::string Metrics() {
  return absl::StrCat(
      "SELECT s.id AS sweep, p.trial AS trial, y.text AS name, p.step AS step, p.value AS value, "
      "p.epoch AS epoch, p.examples AS examples, p.sequence AS sequence FROM sweep s JOIN trial t ON t.sweep = "
      "s.key "
      "JOIN point p ON p.sweep = t.sweep AND p.trial = t.idx AND ",
      kInLineage, " JOIN symbol y ON y.key = p.metric");
}

std::string Params() {
  return "SELECT s.id AS sweep, p.config AS config, y.text AS path, "
         "iif(p.is_bool, iif(p.value, 'true', 'false'), p.value) AS value "
         "FROM param p JOIN sweep s ON s.key = p.sweep JOIN symbol y ON y.key = p.path";
}

std::string Events() {
  return absl::StrCat(
      "SELECT e.key AS event, ", TimeText("e.at"), " AS time, ",
      NameOf("e.kind",
             {"sweep created",     "sweep running",    "sweep paused",    "sweep finished",  "sweep cancelled",
              "sweep failed",      "sweep deleted",    "trial leased",    "trial requeued",  "trial succeeded",
              "trial diverged",    "trial pruned",     "trial failed",    "trial cancelled", "trial retried",
              "worker registered", "worker connected", "worker draining", "worker left",     "worker lost",
              "worker set aside",  "trial reused"}),
      " AS kind, coalesce(s.id, d.id) AS sweep, e.trial AS trial, e.attempt AS attempt, w.name AS worker, "
      "w.id AS worker_id, e.message AS message FROM event e LEFT JOIN sweep s ON s.key = e.sweep "
      "LEFT JOIN deleted_sweep d ON d.key = e.sweep LEFT JOIN worker w ON w.key = e.worker "
      "WHERE e.trial IS NULL OR s.key IS NOT NULL");
}

std::string Workers() {
  return absl::StrCat("SELECT w.id AS worker, w.name AS name, ",
                      NameOf("w.state", {"CONNECTED", "DRAINING", "LEFT", "LOST"}),
                      " AS state, w.slots AS slots, w.threads_per_trial AS threads_per_trial, "
                      "y.text AS engine_fingerprint, w.version AS version, "
                      "(SELECT json_group_object(a.name, a.digest) FROM worker_dataset a WHERE a.worker = w.key) AS "
                      "datasets, w.trials_finished AS trials_finished, ",
                      TimeText("w.connected_at"), " AS connected, ", TimeText("w.changed_at"),
                      " AS changed FROM worker w JOIN symbol y ON y.key = w.engine_fingerprint");
}

std::string Audit() {
  return absl::StrCat("SELECT a.key AS entry, ", TimeText("a.at"),
                      " AS time, a.actor AS actor, a.action AS action, a.subject AS subject FROM audit_entry a");
}

}  // namespace

const char kInLineage[] =
    "(p.attempt = t.attempts OR p.attempt < t.attempts AND NOT EXISTS (SELECT 1 FROM resumption r WHERE "
    "r.sweep = p.sweep AND r.trial = p.trial AND r.attempt > p.attempt AND r.first_sequence <= p.sequence))";

const char kIsShown[] =
    "(a.kind <> 2 OR EXISTS (SELECT 1 FROM trial t WHERE t.sweep = a.sweep AND t.idx = a.trial AND t.accepted = "
    "a.attempt))";

const std::vector<View>& DocumentedViews() {
  static const auto* const views = new std::vector<View>{
      {"sweeps", Sweeps()},   {"configs", Configs()},     {"trials", Trials()},
      {"metrics", Metrics()}, {"params", Params()},       {"events", Events()},
      {"workers", Workers()}, {"artifacts", Artifacts()}, {"audit", Audit()},
  };
  return *views;
}

}  // namespace basin::server::store
