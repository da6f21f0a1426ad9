#include "server/store/sql_front_door.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/channel.h"
#include "server/store/sqlite_db_budget.h"
#include "server/store/views.h"

namespace basin::server::store {
namespace {

// Short enough that no function takes long over its values, and longer than anything that a view shows but the params
// of a config with ten thousand of them.
constexpr size_t kMostValueBytes = 512 << 10;
constexpr size_t kMostSqlBytes = 256 << 10;
constexpr Connection::Limits kLimits = {.value_bytes = kMostValueBytes,
                                        .sql_bytes = kMostSqlBytes,
                                        .pattern_bytes = 500,
                                        .columns = 1000,
                                        .expression_depth = 500,
                                        .compound_selects = 100};
// Without room for its name and the like.
constexpr size_t kMostRowBytes = contract::kMaxMessageBytes - 64 * 1024;

// While a statement is prepared, no hook is asked. One that joins all views takes 400 accesses and 80 KiB, a table of
// 400 paths' values 1,700 and 0.4 MiB, a list of 20,000 numbers 100 and 2.4 MiB.
constexpr uint64_t kMostAccesses = 10000;
constexpr uint64_t kMostMemoryToPrepare = 32 << 20;

// Built-in functions that only compute. Others look into SQLite itself, write its log, read arguments as pointers, or
// take time with the product of two lengths (json_patch).
const std::set<std::string_view>& Functions() {
  static const auto* const functions = new std::set<std::string_view>{
      // Scalars.
      "abs", "char", "coalesce", "format", "glob", "hex", "ifnull", "iif", "instr", "length", "like", "likelihood",
      "likely", "lower", "ltrim", "max", "min", "nullif", "printf", "quote", "random", "randomblob", "replace", "round",
      "rtrim", "sign", "soundex", "sqlite_version", "substr", "substring", "trim", "typeof", "unicode", "unlikely",
      "upper", "zeroblob",
      // Mathematics.
      "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh", "degrees", "exp",
      "floor", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "radians", "sin", "sinh", "sqrt", "tan",
      "tanh", "trunc",
      // Times.
      "current_date", "current_time", "current_timestamp", "date", "datetime", "julianday", "strftime", "time",
      "unixepoch",
      // Aggregates and windows.
      "avg", "count", "cume_dist", "dense_rank", "first_value", "group_concat", "lag", "last_value", "lead",
      "nth_value", "ntile", "percent_rank", "rank", "row_number", "sum", "total",
      // JSON.
      "->", "->>", "json", "json_array", "json_array_length", "json_extract", "json_group_array", "json_group_object",
      "json_insert", "json_object", "json_quote", "json_remove", "json_replace", "json_set", "json_type", "json_valid"};
  return *functions;
}

std::string ViewList() {
  std::vector<std::string> names;
  for (const View& view : DocumentedViews()) names.push_back(view.name);
  return absl::StrCat("the views are ", absl::StrJoin(names, ", "));
}

bool IsDocumented(std::string_view name) {
  return std::any_of(DocumentedViews().begin(), DocumentedViews().end(),
                     [&](const View& view) { return view.name == name; });
}

// What one statement asks for, from its pool's BEGIN on.
class Fence {
 public:
  Fence(std::string secret, std::set<std::string> tables) : secret_(std::move(secret)), tables_(std::move(tables)) {}

  bool Allows(const Access& access) {
    switch (access.kind) {
      case Access::Kind::kSelect:
      case Access::Kind::kRecursive:
        return true;
      case Access::Kind::kFunction:
        return Functions().contains(access.column);
      case Access::Kind::kRead:
        return AllowsRead(access);
      case Access::Kind::kOther:
        break;
    }
    // The pool's own; from a user they change nothing.
    if (access.table == "BEGIN") through_view_ = false;
    return access.table == "BEGIN" || access.table == "ROLLBACK";
  }

 private:
  bool AllowsRead(const Access& access) {
    // The secret is in no text that the user sees or could guess.
    if (access.view.starts_with(secret_)) {
      through_view_ = true;
      return true;
    }
    if (access.table.starts_with(secret_)) return true;
    // No column but the key, and SQLite does not say for whom once it has merged a view into the statement. Beside a
    // view, this lets a user count the rows of a table, and no more.
    if (access.column.empty()) return through_view_ || !IsTable(access.table);
    if (access.schema == "temp" && IsDocumented(access.table)) return true;
    return access.table == "json_each" || access.table == "json_tree";
  }

  bool IsTable(std::string_view name) const {
    const std::string lower = absl::AsciiStrToLower(absl::string_view(name.data(), name.size()));
    return lower.starts_with("sqlite_") || tables_.contains(lower);
  }

  const std::string secret_;
  const std::set<std::string> tables_;
  bool through_view_ = false;
};

// The first column of a statement's rows.
absl::StatusOr<std::vector<std::string>> ReadTexts(Connection& connection, std::string_view sql) {
  absl::StatusOr<Statement> statement = connection.Prepare(sql);
  if (!statement.ok()) return statement.status();
  std::vector<std::string> texts;
  absl::Status status = statement->Each([&](const Row& row) {
    texts.push_back(row.string(0));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return texts;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(i);
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    }
    // Overlong forms, surrogates, and what is beyond Unicode.
    if (first == 0xe0 && byte(i + 1) < 0xa0) return false;
    if (first == 0xed && byte(i + 1) > 0x9f) return false;
    if (first == 0xf0 && byte(i + 1) < 0x90) return false;
    if (first == 0xf4 && byte(i + 1) > 0x8f) return false;
    i += length;
  }
  return true;
}

// A value is only made whole when it is asked for, so that a row is not read further than a message can hold.
absl::StatusOr<v1::SqlRow> ReadRow(const Row& row, int columns) {
  v1::SqlRow result;
  size_t bytes = 0;
  for (int i = 0; i < columns; ++i) {
    v1::SqlCell* cell = result.add_cells();
    const CellKind kind = row.kind(i);
    if (kind == CellKind::kText || kind == CellKind::kBlob) bytes += row.size(i);
    if (bytes > kMostRowBytes) {
      return absl::InvalidArgumentError("a row is larger than a message (4 MiB); select less of it");
    }
    switch (kind) {
      case CellKind::kNull:
        break;
      case CellKind::kInteger:
        cell->set_integer(row.integer(i));
        break;
      case CellKind::kReal:
        cell->set_real(row.real(i));
        break;
      case CellKind::kText:
        if (IsUtf8(row.text(i))) {
          cell->set_text(row.string(i));
        } else {
          cell->set_blob(row.string(i));
        }
        break;
      case CellKind::kBlob:
        cell->set_blob(std::string(row.blob(i)));
        break;
    }
  }
  return result;
}

// What is wrong with a statement, and what it may read.
absl::Status Refusal(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) {
    return absl::InvalidArgumentError(absl::StrCat("only one SELECT on the documented views can be run (",
                                                   std::string(status.message()), "); ", ViewList()));
  }
  if (!absl::IsInvalidArgument(status)) return status;
  return absl::InvalidArgumentError(absl::StrCat(std::string(status.message()), "; ", ViewList()));
}

// What keeps one statement within its limits. At its end the connection is as before.
class Watch {
 public:
  Watch(Connection& connection, const Queries::SqlLimits& limits, const std::function<core::MonoTime()>& now,
        const std::atomic<bool>* cancelled)
      : connection_(connection),
        limits_(limits),
        now_(now),
        cancelled_(cancelled),
        deadline_(now() +
                  std::chrono::duration_cast<core::MonoTime>(std::chrono::duration<double>(limits.max_seconds))),
        budget_({.memory_bytes = std::min(kMostMemoryToPrepare, limits.max_memory_bytes),
                 .temporary_bytes = limits.max_temporary_bytes},
                [this] { return Stops(); }) {
    connection_.SetProgress([this] { return Stops(); });
    connection_.AllowAccesses(kMostAccesses);
  }
  ~Watch() {
    connection_.SetProgress(nullptr);
    connection_.AllowAccesses(UINT64_MAX);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // The statement is prepared.
  void BeginRun() {
    is_prepared_ = true;
    budget_.LimitMemory(limits_.max_memory_bytes);
  }

  // Must the statement end here? It also may have failed of that.
  absl::Status Check() {
    if (budget_.excess() == SqliteBudget::Excess::kTemporary) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the query puts more than ", limits_.max_temporary_bytes >> 20, " MiB aside to sort or group"));
    }
    if (budget_.excess() == SqliteBudget::Excess::kMemory) {
      return is_prepared_ ? absl::ResourceExhaustedError(absl::StrCat("the query needs more than ",
                                                                      limits_.max_memory_bytes >> 20, " MiB of memory"))
                          : TooLarge();
    }
    if (!is_prepared_ && connection_.no_accesses_left()) return TooLarge();
    Stops();
    return stopped_;
  }

 private:
  static absl::Status TooLarge() {
    return absl::ResourceExhaustedError("the query is too large once its views and WITH are put in");
  }

  bool Stops() {
    if (!stopped_.ok()) return true;
    if (cancelled_ != nullptr && cancelled_->load()) {
      stopped_ = absl::CancelledError("the query was cancelled");
    } else if (now_() > deadline_) {
      stopped_ = absl::DeadlineExceededError(absl::StrCat("the query took longer than ", limits_.max_seconds, " s"));
    }
    return !stopped_.ok();
  }

  Connection& connection_;
  const Queries::SqlLimits& limits_;
  const std::function<core::MonoTime()>& now_;
  const std::atomic<bool>* const cancelled_;
  const core::MonoTime deadline_;
  absl::Status stopped_;
  bool is_prepared_ = false;
  SqliteBudget budget_;
};

}  // namespace

absl::Status FenceConnection(Connection& connection) {
  if (!SqliteBudget::IsInForce()) return absl::FailedPreconditionError("the memory of a query can't be limited");
  const auto secrets = ReadTexts(connection, "SELECT 'v' || lower(hex(randomblob(16))) || '_'");
  if (!secrets.ok()) return secrets.status();
  const std::string& secret = secrets->at(0);
  const auto tables = ReadTexts(connection, "SELECT lower(name) FROM sqlite_schema WHERE type = 'table'");
  if (!tables.ok()) return tables.status();
  for (const View& view : DocumentedViews()) {
    absl::Status status = connection.Execute(absl::StrCat("CREATE TEMP VIEW ", secret, view.name, " AS ", view.select,
                                                          ";CREATE TEMP VIEW ", view.name, " AS SELECT * FROM temp.",
                                                          secret, view.name, ";"));
    if (!status.ok()) return status;
  }
  // Tables of functions exist once they were used, which is more than the authorizer allows.
  absl::Status status = connection.Execute("SELECT 1 FROM json_each('[]'), json_tree('[]')");
  if (status.ok()) status = connection.Execute("PRAGMA query_only = ON; PRAGMA cache_size = -8192;");
  if (!status.ok()) return status;
  status = connection.ReplaceSlowFunctions();
  if (!status.ok()) return status;
  connection.Limit(kLimits);
  const auto fence = std::make_shared<Fence>(secret, std::set<std::string>(tables->begin(), tables->end()));
  connection.SetAuthorizer([fence](const Access& access) { return fence->Allows(access); });
  return absl::OkStatus();
}

absl::StatusOr<bool> RunUserSql(Connection& connection, const std::string& sql, const Queries::SqlLimits& limits,
                                const std::function<core::MonoTime()>& now, const std::atomic<bool>* cancelled,
                                const std::function<void(const std::vector<std::string>& columns)>& on_columns,
                                const std::function<bool(v1::SqlRow row)>& on_row) {
  if (sql.size() > kMostSqlBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("the query is longer than ", kMostSqlBytes >> 10, " KiB"));
  }
  Watch watch(connection, limits, now, cancelled);
  absl::StatusOr<Statement> statement = connection.PrepareSingle(sql);
  if (!statement.ok()) {
    const absl::Status stopped = watch.Check();
    return stopped.ok() ? Refusal(statement.status()) : stopped;
  }
  const std::vector<std::string> columns = statement->column_names();
  if (columns.empty() || !statement->read_only() || statement->is_explain()) {
    return absl::InvalidArgumentError(absl::StrCat("only one SELECT on the documented views can be run; ", ViewList()));
  }
  watch.BeginRun();
  on_columns(columns);
  for (uint64_t rows = 0;; ++rows) {
    const absl::StatusOr<bool> more = statement->Step();
    absl::StatusOr<v1::SqlRow> row;
    if (more.ok() && *more && rows < limits.max_rows) row = ReadRow(statement->row(), static_cast<int>(columns.size()));
    const absl::Status stopped = watch.Check();
    if (!stopped.ok()) return stopped;
    if (!more.ok()) return more.status();
    if (!*more) return false;
    if (rows == limits.max_rows) return true;
    if (!row.ok()) return row.status();
    if (!on_row(*std::move(row))) return false;
  }
}

}  // namespace basin::server::store
