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
#include "server/store/views.h"

namespace basin::server::store {
namespace {

constexpr size_t kMostSqlBytes = 1000000;
constexpr size_t kMostValueBytes = 16 << 20;

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
        return access.column != "load_extension" && access.column != "fts3_tokenizer";
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

v1::SqlRow ReadRow(const Row& row, int columns) {
  v1::SqlRow result;
  for (int i = 0; i < columns; ++i) {
    v1::SqlCell* cell = result.add_cells();
    switch (row.kind(i)) {
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

// Takes the hook off again at the end.
class Watch {
 public:
  Watch(Connection& connection, std::function<bool()> stops) : connection_(connection) {
    connection_.SetProgress(std::move(stops));
  }
  ~Watch() { connection_.SetProgress(nullptr); }

 private:
  Connection& connection_;
};

}  // namespace

absl::Status FenceConnection(Connection& connection) {
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
  connection.LimitLengths(kMostValueBytes, kMostSqlBytes);
  const auto fence = std::make_shared<Fence>(secret, std::set<std::string>(tables->begin(), tables->end()));
  connection.SetAuthorizer([fence](const Access& access) { return fence->Allows(access); });
  return absl::OkStatus();
}

absl::StatusOr<bool> RunUserSql(Connection& connection, const std::string& sql, const Queries::SqlLimits& limits,
                                const std::function<core::MonoTime()>& now, const std::atomic<bool>* cancelled,
                                const std::function<void(const std::vector<std::string>& columns)>& on_columns,
                                const std::function<bool(v1::SqlRow row)>& on_row) {
  const core::MonoTime deadline =
      now() + std::chrono::duration_cast<core::MonoTime>(std::chrono::duration<double>(limits.max_seconds));
  const uint64_t memory_before = Connection::MemoryUsed();
  absl::Status stopped;
  const auto stops = [&]() -> bool {
    if (cancelled != nullptr && cancelled->load()) {
      stopped = absl::CancelledError("the query was cancelled");
    } else if (now() > deadline) {
      stopped = absl::DeadlineExceededError(absl::StrCat("the query took longer than ", limits.max_seconds, " s"));
    } else if (Connection::MemoryUsed() > memory_before + limits.max_memory_bytes) {
      stopped = absl::ResourceExhaustedError(
          absl::StrCat("the query needs more than ", limits.max_memory_bytes >> 20, " MiB of memory"));
    }
    return !stopped.ok();
  };
  const Watch watch(connection, stops);

  absl::StatusOr<Statement> statement = connection.PrepareSingle(sql);
  if (!statement.ok()) return Refusal(statement.status());
  const std::vector<std::string> columns = statement->column_names();
  if (columns.empty() || !statement->read_only() || statement->is_explain()) {
    return absl::InvalidArgumentError(absl::StrCat("only one SELECT on the documented views can be run; ", ViewList()));
  }
  on_columns(columns);
  for (uint64_t rows = 0;; ++rows) {
    if (stops()) return stopped;
    absl::StatusOr<bool> more = statement->Step();
    if (!stopped.ok()) return stopped;
    if (!more.ok()) return more.status();
    if (!*more) return false;
    if (rows == limits.max_rows) return true;
    if (!on_row(ReadRow(statement->row(), static_cast<int>(columns.size())))) return false;
  }
}

}  // namespace basin::server::store
