#include "server/store/sqlite_db.h"

#include <errno.h>
#include <sqlite3.h>

#include <algorithm>
#include <climits>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/store/page_checksums.h"
#include "server/store/sqlite_db_budget.h"
#include "server/store/sqlite_db_functions.h"

namespace basin::server::store {
namespace {

bool IsFullDisk(int error) { return error == ENOSPC || error == EDQUOT; }

absl::StatusCode CodeOf(int extended, int system_error) {
  switch (extended) {
    case SQLITE_IOERR_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_DATA:
      return absl::StatusCode::kDataLoss;
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_CANTOPEN:
      // Nothing was synchronized yet, so that it may be tried again; a failed fsync may not.
      return IsFullDisk(system_error) ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInternal;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kCancelled;
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status StatusOf(sqlite3* db, int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return absl::OkStatus();
  if (db == nullptr) return absl::Status(CodeOf(code, 0), sqlite3_errstr(code));
  const int extended = (code & 0xff) == code ? sqlite3_extended_errcode(db) : code;
  const char* file = sqlite3_db_filename(db, "main");
  const std::string where = file == nullptr ? "" : absl::StrCat(file, ": ");
  const absl::StatusCode status = CodeOf(extended, sqlite3_system_errno(db));
  // The text of a wrong statement is its author's affair, without the file.
  if (status == absl::StatusCode::kInvalidArgument || status == absl::StatusCode::kPermissionDenied) {
    return absl::Status(status, sqlite3_errmsg(db));
  }
  if ((extended & 0xff) == SQLITE_TOOBIG) {
    return absl::Status(status, absl::StrCat("a value, or a row to sort or group, is larger than ",
                                             sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1) >> 10, " KiB"));
  }
  if (extended == SQLITE_IOERR_DATA) {
    return absl::DataLossError(absl::StrCat(where, "page ", PageChecksums::LastDamagedPage(),
                                            " is damaged: its checksum is not that of its bytes"));
  }
  const std::string detail = (extended & 0xff) == SQLITE_IOERR ? absl::StrCat(" (code ", extended, ")") : "";
  return absl::Status(status, absl::StrCat(where, sqlite3_errmsg(db), detail));
}

absl::Status StatusOf(sqlite3_stmt* statement, int code) { return StatusOf(sqlite3_db_handle(statement), code); }

}  // namespace

CellKind Row::kind(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return CellKind::kInteger;
    case SQLITE_FLOAT:
      return CellKind::kReal;
    case SQLITE_TEXT:
      return CellKind::kText;
    case SQLITE_BLOB:
      return CellKind::kBlob;
    default:
      return CellKind::kNull;
  }
}

int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Row::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Row::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Row::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

size_t Row::size(int column) const { return static_cast<size_t>(sqlite3_column_bytes(statement_, column)); }

Statement::~Statement() { sqlite3_finalize(statement_); }

absl::Status Statement::Begin() {
  if (statement_ == nullptr) return absl::InternalError("a statement was run that was never prepared");
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  return absl::OkStatus();
}

// Lets go of locks and of what was bound.
void Statement::End() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return StatusOf(statement_, code);
}

bool Statement::read_only() const { return sqlite3_stmt_readonly(statement_) != 0; }

bool Statement::is_explain() const { return sqlite3_stmt_isexplain(statement_) != 0; }

std::vector<std::string> Statement::column_names() const {
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
    const char* name = sqlite3_column_name(statement_, i);
    names.emplace_back(name == nullptr ? "" : name);
  }
  return names;
}

absl::Status Statement::BindInteger(int position, int64_t value) {
  return StatusOf(statement_, sqlite3_bind_int64(statement_, position, value));
}

absl::Status Statement::BindReal(int position, double value) {
  return StatusOf(statement_, sqlite3_bind_double(statement_, position, value));
}

// SQLITE_STATIC holds because what is bound outlives the run, which unbinds it at its end.
absl::Status Statement::BindText(int position, std::string_view value) {
  const char* text = value.data() == nullptr ? "" : value.data();
  return StatusOf(statement_,
                  sqlite3_bind_text64(statement_, position, text, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

absl::Status Statement::BindBlob(int position, std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();
  return StatusOf(statement_, sqlite3_bind_blob64(statement_, position, bytes, value.size(), SQLITE_STATIC));
}

absl::Status Statement::BindNull(int position) { return StatusOf(statement_, sqlite3_bind_null(statement_, position)); }

absl::Status Statement::BindOne(int position, NanAsText value) {
  if (!value.value) return BindNull(position);
  return std::isnan(*value.value) ? BindText(position, "nan") : BindReal(position, *value.value);
}

// The C callbacks; their argument is the connection.
struct Connection::Hooks {
  static int Authorize(void* connection, int action, const char* first, const char* second, const char* schema,
                       const char* view) {
    auto* const self = static_cast<Connection*>(connection);
    if (self->accesses_left_ == 0) return SQLITE_DENY;
    --self->accesses_left_;
    const auto text = [](const char* s) { return s == nullptr ? std::string_view() : std::string_view(s); };
    Access access;
    switch (action) {
      case SQLITE_SELECT:
        access.kind = Access::Kind::kSelect;
        break;
      case SQLITE_READ:
        access.kind = Access::Kind::kRead;
        break;
      case SQLITE_FUNCTION:
        access.kind = Access::Kind::kFunction;
        break;
      case SQLITE_RECURSIVE:
        access.kind = Access::Kind::kRecursive;
        break;
      default:
        access.kind = Access::Kind::kOther;
        break;
    }
    access.table = text(first);
    access.column = text(second);
    access.schema = text(schema);
    access.view = text(view);
    return self->allows_(access) ? SQLITE_OK : SQLITE_DENY;
  }

  static int Progress(void* connection) { return static_cast<Connection*>(connection)->stops_() ? 1 : 0; }

  static int Committed(void* connection, sqlite3*, const char*, int frames) {
    static_cast<Connection*>(connection)->log_frames_ = frames;
    return SQLITE_OK;
  }
};

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Mode mode) {
  std::unique_ptr<Connection> connection(new Connection());
  const int flags = (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &connection->db_, flags, SqliteBudget::Vfs());
  if (code != SQLITE_OK) return StatusOf(connection->db_, code);
  absl::Status status = connection->Configure(mode);
  if (!status.ok()) return status;
  return connection;
}

absl::Status Connection::Configure(Mode mode) {
  sqlite3_busy_timeout(db_, 5000);
  // Of two connections that checkpoint at once, SQLite before 3.51.3 may lose pages: the writer alone does it, when it
  // says so, and sees the errors.
  sqlite3_wal_autocheckpoint(db_, 0);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, nullptr);
  // A word in double quotes that names no column is a mistake, not a text.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  if (mode == Mode::kReadOnly) {
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return absl::OkStatus();
  }
  sqlite3_wal_hook(db_, &Hooks::Committed, this);
  // Of a new database, and of one that is written anew (WriteAnew).
  int reserved = PageChecksums::kBytes;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  // Of use before there is a table: space can be given back piece by piece.
  return Execute(
      "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = "
      "OFF;"
      "PRAGMA secure_delete = OFF; PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864;");
}

Connection::~Connection() { sqlite3_close_v2(db_); }

absl::Status Connection::Execute(const std::string& sql) {
  return StatusOf(db_, sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr));
}

absl::StatusOr<Statement> Connection::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return StatusOf(db_, code);
  return Statement(statement);
}

absl::StatusOr<Statement> Connection::PrepareSingle(const std::string& sql) {
  if (sql.size() >= INT_MAX) return absl::InvalidArgumentError("the statement is too long");
  if (sql.find('\0') != std::string::npos) return absl::InvalidArgumentError("the statement contains a zero byte");
  const char* rest = nullptr;
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v3(db_, sql.c_str(), static_cast<int>(sql.size()) + 1, 0, &raw, &rest);
  Statement statement(raw);
  if (code != SQLITE_OK) return StatusOf(db_, code);
  if (raw == nullptr) return absl::InvalidArgumentError("there is no statement");
  // A comment is prepared as nothing; anything else, right or wrong, is a second statement.
  while (*rest != '\0') {
    sqlite3_stmt* more = nullptr;
    const char* from = rest;
    code = sqlite3_prepare_v3(db_, from, -1, 0, &more, &rest);
    Statement second(more);
    if (code != SQLITE_OK || more != nullptr) return absl::InvalidArgumentError("there is more than one statement");
    if (rest == from) break;
  }
  return statement;
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

int64_t Connection::changes() const { return sqlite3_changes64(db_); }

int64_t Connection::last_insert_key() const { return sqlite3_last_insert_rowid(db_); }

absl::Status Connection::Checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if ((code & 0xff) == SQLITE_BUSY) return absl::OkStatus();
  return StatusOf(db_, code);
}

bool Connection::has_page_checksums() const { return PageChecksums::AreIn(db_); }

bool Connection::MayHavePageChecksumsInLog() {
  if (has_page_checksums()) return true;
  sqlite3_file* log = nullptr;
  sqlite3_int64 bytes = 0;
  const int code = sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code != SQLITE_OK || log == nullptr || log->pMethods == nullptr) return false;
  return log->pMethods->xFileSize(log, &bytes) == SQLITE_OK && bytes > 0;
}

absl::Status Connection::WriteAnew() {
  const std::string path = sqlite3_db_filename(db_, "main");
  const PageChecksums::TemporaryFilesIn beside(path.substr(0, path.rfind('/')));
  absl::Status status = Execute("VACUUM");
  if (!status.ok()) return status;
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return StatusOf(db_, code);
}

absl::Status Connection::CopyInto(const std::string& path) {
  absl::StatusOr<Statement> copy = Prepare("VACUUM INTO ?1");
  if (!copy.ok()) return copy.status();
  const PageChecksums::InNewFiles in_copy(has_page_checksums());
  return copy->Run(path);
}

void Connection::SetAuthorizer(std::function<bool(const Access&)> allows) {
  allows_ = std::move(allows);
  sqlite3_set_authorizer(db_, allows_ ? &Hooks::Authorize : nullptr, this);
}

void Connection::SetProgress(std::function<bool()> stops) {
  constexpr int kInstructions = 1000;
  stops_ = std::move(stops);
  sqlite3_progress_handler(db_, kInstructions, stops_ ? &Hooks::Progress : nullptr, this);
}

void Connection::Limit(const Limits& limits) {
  const auto set = [this](int what, size_t most) {
    sqlite3_limit(db_, what, static_cast<int>(std::min<size_t>(most, INT_MAX)));
  };
  set(SQLITE_LIMIT_LENGTH, limits.value_bytes);
  set(SQLITE_LIMIT_SQL_LENGTH, limits.sql_bytes);
  set(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits.pattern_bytes);
  set(SQLITE_LIMIT_COLUMN, limits.columns);
  set(SQLITE_LIMIT_EXPR_DEPTH, limits.expression_depth);
  set(SQLITE_LIMIT_COMPOUND_SELECT, limits.compound_selects);
  set(SQLITE_LIMIT_ATTACHED, 0);
  set(SQLITE_LIMIT_WORKER_THREADS, 0);
}

absl::Status Connection::ReplaceSlowFunctions() { return StatusOf(db_, store::ReplaceSlowFunctions(db_)); }

}  // namespace basin::server::store
