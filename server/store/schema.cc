#include "server/store/schema.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/store/views.h"

namespace basin::server::store {
namespace {

// "basn": tells a basin database from others.
constexpr int64_t kApplicationId = 0x6261736e;

constexpr std::string_view kTables = R"sql(
CREATE TABLE symbol(
  key INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);

-- Counts say what pending trials there are; those that were never leased have no row anywhere.
CREATE TABLE sweep(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  state INTEGER NOT NULL,
  message TEXT NOT NULL DEFAULT '',
  request_id TEXT NOT NULL,
  spec_digest TEXT NOT NULL,
  spec BLOB NOT NULL,
  objective TEXT NOT NULL,
  maximize INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  configs INTEGER NOT NULL,
  seeds INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  running INTEGER NOT NULL DEFAULT 0,
  succeeded INTEGER NOT NULL DEFAULT 0,
  diverged INTEGER NOT NULL DEFAULT 0,
  pruned INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  next_index INTEGER NOT NULL DEFAULT 0,
  engine_fingerprint TEXT NOT NULL DEFAULT '',
  best_trial INTEGER,
  best_objective,
  created_at INTEGER,
  started_at INTEGER,
  ended_at INTEGER
);
CREATE UNIQUE INDEX sweep_request ON sweep(request_id) WHERE request_id <> '';

-- Digests of data sets that a sweep's trials must share.
CREATE TABLE sweep_pin(
  sweep INTEGER NOT NULL,
  dataset TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY(sweep, dataset)
) WITHOUT ROWID;

-- Runs of indices below sweep.next_index that were passed over when later ones were leased.
CREATE TABLE skipped(
  sweep INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY(sweep, first)
) WITHOUT ROWID;

-- Configs of which a trial was leased.
CREATE TABLE config(
  sweep INTEGER NOT NULL,
  config INTEGER NOT NULL,
  PRIMARY KEY(sweep, config)
) WITHOUT ROWID;

-- `is_bool` tells true from 1.
CREATE TABLE param(
  sweep INTEGER NOT NULL,
  config INTEGER NOT NULL,
  position INTEGER NOT NULL,
  path INTEGER NOT NULL,
  is_bool INTEGER NOT NULL,
  value,
  PRIMARY KEY(sweep, config, position)
) WITHOUT ROWID;

-- Trials that were leased at least once. `accepted` is the attempt that ended it, 0 for none. `outcome` is the kind of
-- what the worker sent, 0 for nothing; outcome_message is its text where that differs from `message`. `metrics` are the
-- last values of a result: pairs of a symbol (4 bytes) and a double (8), little endian.
CREATE TABLE trial(
  sweep INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  config INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  worker INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  accepted INTEGER NOT NULL DEFAULT 0,
  next_sequence INTEGER NOT NULL DEFAULT 0,
  objective,
  message TEXT NOT NULL DEFAULT '',
  outcome INTEGER NOT NULL DEFAULT 0,
  outcome_message TEXT,
  duration INTEGER,
  weights_digest TEXT NOT NULL DEFAULT '',
  data_digest INTEGER,
  engine_fingerprint INTEGER,
  metrics BLOB,
  PRIMARY KEY(sweep, idx)
) WITHOUT ROWID;
-- PENDING, RUNNING and FAILED ones: what is asked for by state. Costs nothing for the rest.
CREATE INDEX trial_unsettled ON trial(sweep, state, idx) WHERE state = 1 OR state = 2 OR state = 6;

-- `value` has no declared type: a REAL column would turn -0.0 into 0.
CREATE TABLE point(
  sweep INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value,
  epoch REAL,
  examples INTEGER NOT NULL,
  PRIMARY KEY(sweep, trial, attempt, sequence)
) WITHOUT ROWID;

CREATE TABLE worker(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  engine_fingerprint INTEGER NOT NULL,
  slots INTEGER NOT NULL,
  threads_per_trial INTEGER NOT NULL,
  state INTEGER NOT NULL,
  connected_at INTEGER,
  changed_at INTEGER,
  trials_finished INTEGER NOT NULL DEFAULT 0
);
-- All but those that LEFT.
CREATE INDEX worker_present ON worker(key) WHERE state <> 3;

CREATE TABLE worker_dataset(
  worker INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY(worker, name)
) WITHOUT ROWID;

-- Append-only. What happened to the trials of a sweep goes with it, what happened to the sweep stays.
CREATE TABLE event(
  key INTEGER PRIMARY KEY,
  at INTEGER,
  kind INTEGER NOT NULL,
  sweep INTEGER,
  trial INTEGER,
  attempt INTEGER,
  worker INTEGER,
  message TEXT NOT NULL DEFAULT ''
);
CREATE INDEX event_trial ON event(sweep) WHERE trial IS NOT NULL;

-- Sweeps that were deleted; the rows of those that are not purged yet go piece by piece with later commits.
CREATE TABLE deleted_sweep(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  purged INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deleted_sweep_left ON deleted_sweep(key) WHERE purged = 0;
)sql";

// Version 2. `next_sequence` of a checkpoint is the number of points told before it.
constexpr std::string_view kArtifactTables = R"sql(
-- Files of trials, in the artifact store.
CREATE TABLE artifact(
  sweep INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  name TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  next_sequence INTEGER NOT NULL,
  at INTEGER,
  PRIMARY KEY(sweep, trial, kind, attempt, step)
) WITHOUT ROWID;
CREATE INDEX artifact_file ON artifact(sha256);

-- Of each attempt after a trial's first: the first point's number that is its own, and the step from which it went on.
CREATE TABLE resumption(
  sweep INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY(sweep, trial, attempt)
) WITHOUT ROWID;
INSERT INTO resumption SELECT sweep, idx, attempts, 0, 0 FROM trial WHERE attempts > 1;
)sql";

// Version 3: who created a sweep, who registered a worker, and who commanded what.
constexpr std::string_view kOwners = R"sql(
ALTER TABLE sweep ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE worker ADD COLUMN principal TEXT NOT NULL DEFAULT '';
CREATE TABLE audit_entry(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL
);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
)sql";

// Version 5: sweeps that run a trial of another sweep again, and who ran it then; trials that took the result of
// another over, and the digests of configs' workloads by which such results are found.
constexpr std::string_view kVerificationAndReuse = R"sql(
ALTER TABLE sweep ADD COLUMN verified_sweep TEXT NOT NULL DEFAULT '';
ALTER TABLE sweep ADD COLUMN verified_trial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweep ADD COLUMN verified_worker TEXT NOT NULL DEFAULT '';
ALTER TABLE sweep ADD COLUMN reused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trial ADD COLUMN reused_from TEXT NOT NULL DEFAULT '';
ALTER TABLE config ADD COLUMN digest BLOB;
CREATE INDEX config_digest ON config(digest) WHERE digest IS NOT NULL;
)sql";

// What `results` compares of blocks of trials that have all ended, by columns (see outcome_block.h); metric 0: how they
// ended. Derived from the table `trial`: a block that has none is read from there.
constexpr std::string_view kSettledColumns = R"sql(
CREATE TABLE settled_column(
  key INTEGER PRIMARY KEY,
  sweep INTEGER NOT NULL,
  block INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX settled_column_place ON settled_column(sweep, block, metric);
)sql";

// Version 8: the best trials after the first, as PackRunnersUp has them.
constexpr std::string_view kRunnersUp = R"sql(
ALTER TABLE sweep ADD COLUMN runners_up BLOB NOT NULL DEFAULT x'';
)sql";

absl::StatusOr<int64_t> ReadInteger(Connection& connection, std::string_view sql) {
  int64_t value = 0;
  const absl::Status status = connection.Each(sql, [&](const Row& row) { value = row.integer(0); });
  if (!status.ok()) return status;
  return value;
}

// Step i leads from version i to version i + 1. A step that has been released never changes. Steps are about tables;
// the views are made anew with the last one.
const std::vector<std::string>& Migrations() {
  static const auto* const migrations = new std::vector<std::string>{
      absl::StrCat(std::string(kTables), "PRAGMA application_id = ", kApplicationId, ";"),
      std::string(kArtifactTables),
      std::string(kOwners),
      // The view of artifacts alone: final weights are their second kind.
      std::string(),
      std::string(kVerificationAndReuse),
      std::string(kSettledColumns),
      // No table: every page has a checksum.
      std::string(),
      std::string(kRunnersUp),
  };
  return *migrations;
}

constexpr uint32_t kFirstWithPageChecksums = 7;

absl::Status GivePagesChecksums(Connection& connection) {
  if (connection.has_page_checksums()) return absl::OkStatus();
  const absl::Status status = connection.WriteAnew();
  if (!absl::IsResourceExhausted(status)) return status;
  return absl::Status(status.code(), absl::StrCat(std::string(status.message()),
                                                  "; this program writes a database of an earlier one anew, once: "
                                                  "there must be space for two more of it in the data dir"));
}

absl::Status MarkIsMissing() {
  return absl::DataLossError("page 1 is damaged: it does not say that pages have checksums");
}

absl::Status CheckMarkOfChecksums(Connection& connection) {
  if (connection.has_page_checksums()) return absl::OkStatus();
  // Power may have gone while the header was written: then it is still in the log.
  const absl::Status status = connection.Checkpoint();
  if (!status.ok() || connection.has_page_checksums()) return status;
  return MarkIsMissing();
}

absl::StatusOr<std::string> RemakeViews(Connection& connection) {
  std::string sql;
  const absl::Status status =
      connection.Each("SELECT name FROM sqlite_schema WHERE type = 'view'",
                      [&](const Row& row) { absl::StrAppend(&sql, "DROP VIEW \"", row.string(0), "\";"); });
  if (!status.ok()) return status;
  for (const View& view : DocumentedViews()) absl::StrAppend(&sql, "CREATE VIEW ", view.name, " AS ", view.select, ";");
  return sql;
}

}  // namespace

uint32_t SchemaVersion() { return static_cast<uint32_t>(Migrations().size()); }

absl::StatusOr<uint32_t> ReadSchemaVersion(Connection& connection) {
  absl::StatusOr<int64_t> version = ReadInteger(connection, "PRAGMA user_version");
  if (!version.ok()) return version.status();
  return static_cast<uint32_t>(*version);
}

absl::Status CheckKind(Connection& connection) {
  absl::StatusOr<uint32_t> version = ReadSchemaVersion(connection);
  if (!version.ok()) return version.status();
  if (*version > SchemaVersion()) {
    return absl::FailedPreconditionError(absl::StrCat("the database has schema version ", *version,
                                                      ", this program knows versions up to ", SchemaVersion(),
                                                      "; use a newer one"));
  }
  absl::StatusOr<int64_t> tables = ReadInteger(connection, "SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  absl::StatusOr<int64_t> application = ReadInteger(connection, "PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*tables > 0 && *application != kApplicationId) return absl::DataLossError("this is not a basin database");
  // A header without the mark, of a database that has it, would switch all checks off.
  const bool should_have = *version >= kFirstWithPageChecksums;
  return should_have && !connection.MayHavePageChecksumsInLog() ? MarkIsMissing() : absl::OkStatus();
}

absl::Status Migrate(Connection& connection) {
  const absl::Status kind = CheckKind(connection);
  if (!kind.ok()) return kind;
  absl::StatusOr<uint32_t> version = ReadSchemaVersion(connection);
  if (!version.ok()) return version.status();
  for (uint32_t next = *version; next < SchemaVersion(); ++next) {
    if (next + 1 == kFirstWithPageChecksums) {
      const absl::Status status = GivePagesChecksums(connection);
      if (!status.ok()) return status;
    }
    std::string views;
    if (next + 1 == SchemaVersion()) {
      absl::StatusOr<std::string> remade = RemakeViews(connection);
      if (!remade.ok()) return remade.status();
      views = *std::move(remade);
    }
    absl::Status status = connection.Execute(
        absl::StrCat("BEGIN IMMEDIATE;", Migrations()[next], views, "PRAGMA user_version = ", next + 1, ";COMMIT;"));
    if (status.ok()) continue;
    if (connection.in_transaction()) connection.Execute("ROLLBACK").IgnoreError();
    return status;
  }
  return CheckMarkOfChecksums(connection);
}

}  // namespace basin::server::store
