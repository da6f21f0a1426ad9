#include "server/store/sqlite_queries.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/store/result_finder.h"
#include "server/store/row_values.h"
#include "server/store/schema.h"
#include "server/store/sql_front_door.h"
#include "server/store/sqlite_store.h"
#include "server/store/trial_outcomes.h"
#include "server/store/views.h"

namespace basin::server::store {
namespace {

using core::TrialState;

constexpr size_t kReaders = 8;
constexpr size_t kFencedReaders = 4;

// 0 for a file that is not there.
uint64_t FileBytes(const std::string& path) {
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  return error ? 0 : bytes;
}

// Names behind numbers, each read once.
class Symbols {
 public:
  explicit Symbols(Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::string> Find(int64_t key) {
    const auto known = texts_.find(key);
    if (known != texts_.end()) return known->second;
    std::optional<std::string> text;
    absl::Status status = connection_.Each(
        "SELECT text FROM symbol WHERE key = ?1",
        [&](const Row& row) {
          text = row.string(0);
          return absl::OkStatus();
        },
        key);
    if (!status.ok()) return status;
    if (!text) return absl::DataLossError(absl::StrCat("the database lacks name ", key));
    return texts_[key] = *std::move(text);
  }

  absl::Status ReadMetrics(std::string_view packed, const std::function<void(const std::string&, double)>& add) {
    const auto metrics = UnpackMetrics(packed);
    if (!metrics.ok()) return metrics.status();
    for (const auto& [symbol, value] : *metrics) {
      absl::StatusOr<std::string> name = Find(symbol);
      if (!name.ok()) return name.status();
      add(*name, value);
    }
    return absl::OkStatus();
  }

 private:
  Connection& connection_;
  std::map<int64_t, std::string> texts_;
};

absl::StatusOr<std::optional<int64_t>> SweepKey(Connection& connection, const core::SweepId& id) {
  std::optional<int64_t> key;
  absl::Status status = connection.Each(
      "SELECT key FROM sweep WHERE id = ?1",
      [&](const Row& row) {
        key = row.integer(0);
        return absl::OkStatus();
      },
      id);
  if (!status.ok()) return status;
  return key;
}

void SetTime(const std::optional<core::WallTime>& time, const std::function<google::protobuf::Timestamp*()>& field) {
  if (!time) return;
  constexpr int64_t kSecond = 1000000000;
  const int64_t nanos = time->count();
  const int64_t seconds = nanos / kSecond - (nanos % kSecond < 0 ? 1 : 0);
  field()->set_seconds(seconds);
  field()->set_nanos(static_cast<int32_t>(nanos - seconds * kSecond));
}

std::string StateCondition(const std::vector<TrialState>& states) {
  if (states.empty()) return "";
  // Of one state, so that the partial index over unsettled trials is seen to fit.
  if (states.size() == 1) return absl::StrCat(" AND t.state = ", static_cast<int>(states.front()));
  return absl::StrCat(
      " AND t.state IN (",
      absl::StrJoin(states, ", ",
                    [](std::string* out, TrialState state) { absl::StrAppend(out, static_cast<int>(state)); }),
      ")");
}

// The params of configs, each read once.
class Params {
 public:
  Params(Connection& connection, int64_t sweep) : connection_(connection), sweep_(sweep) {}

  absl::StatusOr<const std::vector<v1::Param>*> Find(uint64_t config) {
    const auto [it, fresh] = of_config_.try_emplace(config);
    if (!fresh) return &it->second;
    absl::Status status = connection_.Each(
        "SELECT y.text, p.is_bool, p.value FROM param p JOIN symbol y ON y.key = p.path "
        "WHERE p.sweep = ?1 AND p.config = ?2 ORDER BY p.position",
        [&params = it->second](const Row& row) {
          v1::Param& param = params.emplace_back();
          param.set_path(row.string(0));
          *param.mutable_value() = ReadParamValue(row, 1, 2);
          return absl::OkStatus();
        },
        sweep_, config);
    if (!status.ok()) return status;
    return &it->second;
  }

 private:
  Connection& connection_;
  const int64_t sweep_;
  std::map<uint64_t, std::vector<v1::Param>> of_config_;
};

v1::TrialPoint ReadPoint(const Row& row) {
  v1::TrialPoint point;
  point.set_trial(row.number(0));
  point.mutable_point()->set_name(row.string(2));
  point.mutable_point()->set_step(row.number(3));
  point.mutable_point()->set_value(ReadPointValue(row, 4));
  point.mutable_point()->set_epoch(ReadPointValue(row, 5));
  point.mutable_point()->set_examples(row.number(6));
  return point;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteQueries>> SqliteQueries::Open(const std::string& dir,
                                                                   std::function<core::MonoTime()> now) {
  std::unique_ptr<SqliteQueries> queries(new SqliteQueries(SqliteStore::DatabasePath(dir), std::move(now)));
  absl::StatusOr<DatabaseInfo> info = queries->Info();
  if (!info.ok()) return info.status();
  if (info->schema_version != SchemaVersion()) {
    return absl::FailedPreconditionError(absl::StrCat("the database has schema version ", info->schema_version,
                                                      ", this program reads version ", SchemaVersion()));
  }
  return queries;
}

SqliteQueries::SqliteQueries(const std::string& path, std::function<core::MonoTime()> now)
    : path_(path),
      now_(std::move(now)),
      readers_(path, kReaders, [](Connection& connection) { return connection.Execute("PRAGMA query_only = ON"); }),
      fenced_(path, kFencedReaders, &FenceConnection) {}

absl::StatusOr<std::vector<v1::Trial>> SqliteQueries::Trials(const core::SweepId& sweep, uint64_t from,
                                                             const std::vector<TrialState>& states, uint32_t limit) {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  Connection& connection = **reader;
  std::vector<v1::Trial> trials;
  absl::StatusOr<std::optional<int64_t>> key = SweepKey(connection, sweep);
  if (!key.ok()) return key.status();
  if (!*key) return trials;
  Symbols symbols(connection);
  Params params(connection, **key);
  absl::Status status = connection.Each(
      absl::StrCat(
          "SELECT t.idx, t.config, t.seed, t.state, t.attempts, w.name, t.objective, t.started_at, t.ended_at, "
          "t.duration, t.message, t.weights_digest, d.text, e.text, t.metrics, t.reused_from FROM trial t "
          "LEFT JOIN worker w ON w.key = t.worker LEFT JOIN symbol d ON d.key = t.data_digest "
          "LEFT JOIN symbol e ON e.key = t.engine_fingerprint WHERE t.sweep = ?1 AND t.idx >= ?2",
          StateCondition(states), " ORDER BY t.idx LIMIT ?3"),
      [&](const Row& row) -> absl::Status {
        v1::Trial& trial = trials.emplace_back();
        trial.set_sweep_id(sweep);
        trial.set_index(row.number(0));
        trial.set_config(row.number(1));
        trial.set_seed(row.number(2));
        trial.set_state(static_cast<v1::TrialState>(row.integer(3)));
        trial.set_attempts(static_cast<uint32_t>(row.integer(4)));
        trial.set_worker(row.string(5));
        if (const std::optional<double> objective = ReadOptionalReal(row, 6)) trial.set_objective(*objective);
        SetTime(ReadTime(row, 7), [&] { return trial.mutable_started_at(); });
        SetTime(ReadTime(row, 8), [&] { return trial.mutable_ended_at(); });
        if (!row.is_null(9)) {
          trial.mutable_duration()->set_seconds(row.integer(9) / 1000000000);
          trial.mutable_duration()->set_nanos(static_cast<int32_t>(row.integer(9) % 1000000000));
        }
        trial.set_message(row.string(10));
        trial.set_weights_digest(row.string(11));
        trial.set_data_digest(row.string(12));
        trial.set_engine_fingerprint(row.string(13));
        trial.set_reused_from(row.string(15));
        absl::StatusOr<const std::vector<v1::Param>*> of_config = params.Find(trial.config());
        if (!of_config.ok()) return of_config.status();
        for (const v1::Param& param : **of_config) *trial.add_params() = param;
        return symbols.ReadMetrics(
            row.blob(14), [&](const std::string& name, double value) { (*trial.mutable_metrics())[name] = value; });
      },
      **key, from, limit);
  if (!status.ok()) return status;
  return trials;
}

absl::StatusOr<Queries::PointPage> SqliteQueries::Points(const core::SweepId& sweep, std::optional<uint64_t> trial,
                                                         const std::string& metric, PointCursor from, uint32_t limit) {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  Connection& connection = **reader;
  PointPage page;
  absl::StatusOr<std::optional<int64_t>> key = SweepKey(connection, sweep);
  if (!key.ok()) return key.status();
  if (!*key) return page;
  int64_t symbol = 0;  // Of the metric; 0: all.
  if (!metric.empty()) {
    absl::Status status = connection.Each(
        "SELECT key FROM symbol WHERE text = ?1",
        [&](const Row& row) {
          symbol = row.integer(0);
          return absl::OkStatus();
        },
        metric);
    if (!status.ok()) return status;
    if (symbol == 0) return page;
  }
  const std::string select = absl::StrCat(
      "SELECT p.trial, p.sequence, y.text, p.step, p.value, p.epoch, p.examples FROM trial t CROSS JOIN point p ON "
      "p.sweep = t.sweep AND p.trial = t.idx AND ",
      kInLineage, " CROSS JOIN symbol y ON y.key = p.metric WHERE t.sweep = ?1 AND (?4 = 0 OR p.metric = ?4) AND ");
  const auto add = [&](const Row& row) {
    if (page.points.size() < limit) {
      page.points.push_back(ReadPoint(row));
    } else {
      page.next = PointCursor{row.number(0), row.number(1)};
    }
    return absl::OkStatus();
  };
  // One more than asked for, to know where the next page begins. First what is left of the cursor's trial.
  const uint64_t wanted = static_cast<uint64_t>(limit) + 1;
  const uint64_t first = trial && from.trial < *trial ? *trial : from.trial;
  const uint64_t first_sequence = first == from.trial ? from.sequence : 0;
  if (trial && first > *trial) return page;
  absl::Status status =
      connection.Each(select + "t.idx = ?2 AND p.sequence >= ?3 ORDER BY p.attempt, p.sequence LIMIT ?5", add, **key,
                      first, first_sequence, symbol, wanted);
  if (status.ok() && !trial && !page.next) {
    status = connection.Each(select + "t.idx > ?2 ORDER BY t.idx, p.attempt, p.sequence LIMIT ?3", add, **key, first,
                             wanted - page.points.size(), symbol);
  }
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<std::unique_ptr<TrialOutcomes>> SqliteQueries::Outcomes(const core::SweepId& sweep) {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  return ReadOutcomes(*std::move(reader), sweep);
}

absl::StatusOr<std::vector<v1::Artifact>> SqliteQueries::Artifacts(const core::SweepId& sweep,
                                                                   std::optional<uint64_t> trial, ArtifactCursor from,
                                                                   uint32_t limit) {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  if (trial && from.trial < *trial) from = {.trial = *trial};
  std::vector<v1::Artifact> artifacts;
  const absl::Status status = (**reader).Each(
      absl::StrCat("SELECT a.trial, a.name, a.kind, a.step, a.attempt, a.bytes, a.sha256, a.at FROM sweep s CROSS JOIN "
                   "artifact a ON a.sweep = s.key WHERE s.id = ?1 AND (a.trial, a.kind, a.step) >= (?2, ?3, ?4) AND "
                   "a.trial <= ?5 AND ",
                   kIsShown, " ORDER BY a.trial, a.kind, a.step LIMIT ?6"),
      [&](const Row& row) {
        v1::Artifact& artifact = artifacts.emplace_back();
        artifact.set_sweep_id(sweep);
        artifact.set_trial(row.number(0));
        artifact.set_name(row.string(1));
        artifact.set_kind(static_cast<v1::ArtifactKind>(row.integer(2)));
        artifact.set_step(row.number(3));
        artifact.set_attempt(static_cast<uint32_t>(row.number(4)));
        artifact.set_bytes(row.number(5));
        artifact.set_sha256(row.string(6));
        SetTime(ReadTime(row, 7), [&] { return artifact.mutable_created_at(); });
      },
      sweep, from.trial, from.kind, from.step, trial.value_or(std::numeric_limits<int64_t>::max()), limit);
  if (!status.ok()) return status;
  return artifacts;
}

absl::StatusOr<std::string> SqliteQueries::FindWeights(const core::Computation& training) {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  const absl::StatusOr<std::unique_ptr<ResultFinder>> finder = ResultFinder::Create(**reader);
  if (!finder.ok()) return finder.status();
  const absl::StatusOr<core::KnownResult> result = (*finder)->FindWithWeights(training);
  if (!result.ok()) return result.status();
  return result->weights->sha256;
}

absl::StatusOr<bool> SqliteQueries::IsArtifactKept(const std::string& sha256) {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  bool kept = false;
  absl::Status status = (**reader).Each(
      "SELECT 1 FROM artifact a CROSS JOIN sweep s ON s.key = a.sweep WHERE a.sha256 = ?1 LIMIT 1",
      [&](const Row&) {
        kept = true;
        return absl::OkStatus();
      },
      sha256);
  if (!status.ok()) return status;
  return kept;
}

absl::StatusOr<v1::SweepSpec> SqliteQueries::FindSpec(const core::SweepId& sweep) {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  return ReadSpec(**reader, sweep);
}

absl::StatusOr<Queries::DatabaseInfo> SqliteQueries::Info() {
  absl::StatusOr<ReaderPool::Reader> reader = readers_.Take();
  if (!reader.ok()) return reader.status();
  absl::StatusOr<uint32_t> version = ReadSchemaVersion(**reader);
  if (!version.ok()) return version.status();
  DatabaseInfo info;
  info.schema_version = *version;
  for (const char* suffix : {"", "-wal", "-shm"}) info.bytes += FileBytes(path_ + suffix);
  return info;
}

uint64_t SqliteQueries::LogBytes() const { return FileBytes(path_ + "-wal"); }

absl::StatusOr<bool> SqliteQueries::RunSql(
    const std::string& sql, const SqlLimits& limits, const std::atomic<bool>* cancelled,
    const std::function<void(const std::vector<std::string>& columns)>& on_columns,
    const std::function<bool(v1::SqlRow row)>& on_row) {
  absl::StatusOr<ReaderPool::Reader> reader = fenced_.TryTake();
  if (!reader.ok()) return reader.status();
  return RunUserSql(**reader, sql, limits, now_, cancelled, on_columns, on_row);
}

}  // namespace basin::server::store
