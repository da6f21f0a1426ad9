#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite behind typed values and statuses: this component alone knows its C interface. A connection and what it made
// are used by one thread at a time.
//
// Errors: RESOURCE_EXHAUSTED the disk is full (or a limit of the connection is reached), DATA_LOSS the file is damaged
// or no database, UNAVAILABLE another connection holds a lock, CANCELLED stopped by the progress hook,
// PERMISSION_DENIED refused by the authorizer, INVALID_ARGUMENT the SQL is wrong, INTERNAL an I/O error or anything
// else.
namespace basin::server::store {

// Bound as a BLOB; the bytes must live until the statement has run.
struct Blob {
  std::string_view bytes;
};

// Bound as a real number, as the text 'nan', which SQLite has no number for, or as NULL for none.
struct NanAsText {
  std::optional<double> value;
};

enum class CellKind { kNull, kInteger, kReal, kText, kBlob };

// The row at which a statement stands; valid until it moves on, like the views it gives.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  CellKind kind(int column) const;
  bool is_null(int column) const { return kind(column) == CellKind::kNull; }
  int64_t integer(int column) const;
  // The same bits as were bound: SQLite's integers are signed.
  uint64_t number(int column) const { return static_cast<uint64_t>(integer(column)); }
  double real(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  std::string string(int column) const { return std::string(text(column)); }
  // Of a text or BLOB.
  size_t size(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }
  ~Statement();

  // Runs it from the beginning with `values` as its parameters ?1, ?2, ...; rows are passed over.
  template <typename... Values>
  absl::Status Run(const Values&... values) {
    return Each([](const Row&) { return absl::OkStatus(); }, values...);
  }
  // As Run, with a call for each row; one that returns a status ends it early, and with that status, unless it is OK.
  template <typename OnRow, typename... Values>
  absl::Status Each(OnRow&& on_row, const Values&... values) {
    absl::Status status = Begin();
    int position = 0;
    ((status.ok() ? void(status = BindOne(++position, values)) : void()), ...);
    while (status.ok()) {
      absl::StatusOr<bool> row = Step();
      if (!row.ok() || !*row) {
        status = row.status();
        break;
      }
      if constexpr (std::is_void_v<std::invoke_result_t<OnRow&, Row>>) {
        on_row(Row(statement_));
      } else {
        status = on_row(Row(statement_));
      }
    }
    End();
    return status;
  }

  // True when it stands at a row, false at the end. Run and Each are the usual way.
  absl::StatusOr<bool> Step();
  Row row() const { return Row(statement_); }
  bool read_only() const;
  bool is_explain() const;
  std::vector<std::string> column_names() const;

 private:
  friend class Connection;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  absl::Status Begin();
  void End();
  absl::Status BindInteger(int position, int64_t value);
  absl::Status BindReal(int position, double value);
  absl::Status BindText(int position, std::string_view value);
  absl::Status BindBlob(int position, std::string_view value);
  absl::Status BindNull(int position);

  absl::Status BindOne(int position, int32_t value) { return BindInteger(position, value); }
  absl::Status BindOne(int position, uint32_t value) { return BindInteger(position, value); }
  absl::Status BindOne(int position, int64_t value) { return BindInteger(position, value); }
  absl::Status BindOne(int position, uint64_t value) { return BindInteger(position, static_cast<int64_t>(value)); }
  absl::Status BindOne(int position, bool value) { return BindInteger(position, value ? 1 : 0); }
  absl::Status BindOne(int position, double value) { return BindReal(position, value); }
  absl::Status BindOne(int position, const char* value) { return BindText(position, value); }
  absl::Status BindOne(int position, std::string_view value) { return BindText(position, value); }
  absl::Status BindOne(int position, const std::string& value) { return BindText(position, value); }
  absl::Status BindOne(int position, Blob value) { return BindBlob(position, value.bytes); }
  absl::Status BindOne(int position, NanAsText value);
  template <typename T>
  absl::Status BindOne(int position, const std::optional<T>& value) {
    return value ? BindOne(position, *value) : BindNull(position);
  }

  sqlite3_stmt* statement_ = nullptr;
};

// What a statement asks leave for while it is prepared.
struct Access {
  enum class Kind { kSelect, kRead, kFunction, kRecursive, kOther };
  Kind kind = Kind::kOther;
  std::string_view table;   // Of kRead; of kOther what SQLite names first.
  std::string_view column;  // Of kRead; the name of a kFunction.
  std::string_view schema;  // `main`, `temp`.
  std::string_view view;    // The innermost view, or the name of the common table expression, that reads.
};

class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  // kReadWrite creates the file. kReadOnly never writes the file, its log, or checkpoints; the file must exist.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs any number of statements without parameters.
  absl::Status Execute(const std::string& sql);
  // For a statement that is kept.
  absl::StatusOr<Statement> Prepare(std::string_view sql);
  // Prepares a statement that is run once, and runs it as Statement::Each does.
  template <typename OnRow, typename... Values>
  absl::Status Each(std::string_view sql, OnRow&& on_row, const Values&... values) {
    absl::StatusOr<Statement> statement = Prepare(sql);
    if (!statement.ok()) return statement.status();
    return statement->Each(on_row, values...);
  }
  // INVALID_ARGUMENT unless `sql` is exactly one statement; comments and a last semicolon are fine.
  absl::StatusOr<Statement> PrepareSingle(const std::string& sql);
  bool in_transaction() const;
  // Rows that the last INSERT, UPDATE or DELETE touched.
  int64_t changes() const;
  int64_t last_insert_key() const;

  // Moves what is in the log into the file as far as readers allow.
  absl::Status Checkpoint();
  // Whether each page of the file has a checksum: see page_checksums.h.
  bool has_page_checksums() const;
  // Whether it has, or a header that says so may still be in the log. REQUIRES: something was read.
  bool MayHavePageChecksumsInLog();
  // Writes every page of the file anew, from then on with checksums. Needs space for two more of the database beside
  // it, and a time without readers.
  absl::Status WriteAnew();
  // Makes a copy as of one commit, with checksums if this one has them; others go on meanwhile.
  absl::Status CopyInto(const std::string& path);
  // The frames in the log after the last commit of this connection.
  int log_frames() const { return log_frames_; }

  // Asked for every access of statements prepared from now on; false refuses. Empty: none.
  void SetAuthorizer(std::function<bool(const Access&)> allows);
  // The authorizer refuses what comes after so many more accesses, which bounds the size of a statement once its views
  // and common table expressions are put in.
  void AllowAccesses(uint64_t most) { accesses_left_ = most; }
  bool no_accesses_left() const { return accesses_left_ == 0; }
  // Asked now and then while a statement runs; true stops it. Empty: none.
  void SetProgress(std::function<bool()> stops);
  struct Limits {
    size_t value_bytes = 0;  // Of a value, and of a row where SQLite keeps one to sort or group.
    size_t sql_bytes = 0;
    size_t pattern_bytes = 0;  // Of LIKE and GLOB.
    size_t columns = 0;
    size_t expression_depth = 0;
    size_t compound_selects = 0;
  };
  void Limit(const Limits& limits);
  // See sqlite_db_functions.h.
  absl::Status ReplaceSlowFunctions();

 private:
  struct Hooks;
  Connection() = default;
  absl::Status Configure(Mode mode);

  sqlite3* db_ = nullptr;
  int log_frames_ = 0;
  std::function<bool(const Access&)> allows_;
  uint64_t accesses_left_ = UINT64_MAX;
  std::function<bool()> stops_;
};

}  // namespace basin::server::store
