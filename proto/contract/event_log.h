#pragma once

#include <concepts>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace basin::contract {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

// A key and value of a line. The key outlives it.
class LogField {
 public:
  LogField(std::string_view key, std::string_view value) : key_(key), text_(value) {}
  LogField(std::string_view key, const std::string& value) : key_(key), text_(value) {}
  LogField(std::string_view key, const char* value) : key_(key), text_(value) {}
  LogField(std::string_view key, std::integral auto value)
      : key_(key), text_(std::to_string(value)), is_number_(true) {}
  LogField(std::string_view key, double value);
  LogField(std::string_view key, const absl::Status& status) : key_(key), text_(status.ToString()) {}

  std::string_view key() const { return key_; }
  const std::string& text() const { return text_; }
  bool is_number() const { return is_number_; }  // For JSON: finite.

 private:
  std::string_view key_;
  std::string text_;
  bool is_number_ = false;
};

// The log of a server or worker, one line an event: time (UTC), level, a sentence, and named fields (`worker`, `sweep`,
// `trial`, `attempt`, `code`, `duration_s`, ...; empty texts are left out):
//   2026-01-31T12:00:00.123Z info "sweep created" sweep=k3xq7abd trials=60
//   {"ts":"2026-01-31T12:00:00.123Z","level":"info","component":"server","msg":"sweep created","sweep":"k3xq7abd",...}
// Text from outside may stand in a value: it is quoted, and never makes a second line. Thread-safe; each line is
// written whole, at once.
class EventLog {
 public:
  using Fields = std::initializer_list<LogField>;

  // `component` is `server` or `worker`.
  static std::unique_ptr<EventLog> ToStderr(std::string_view component, LogFormat format, LogLevel level);
  // `stream` outlives the log.
  static std::unique_ptr<EventLog> ToStream(std::ostream* stream, std::string_view component, LogFormat format,
                                            LogLevel level);
  ~EventLog();

  void Write(LogLevel level, std::string_view message, Fields fields = {});
  void Debug(std::string_view message, Fields fields = {}) { Write(LogLevel::kDebug, message, fields); }
  void Info(std::string_view message, Fields fields = {}) { Write(LogLevel::kInfo, message, fields); }
  void Warning(std::string_view message, Fields fields = {}) { Write(LogLevel::kWarning, message, fields); }
  void Error(std::string_view message, Fields fields = {}) { Write(LogLevel::kError, message, fields); }

 private:
  struct Sink;
  EventLog(std::unique_ptr<Sink> sink, LogFormat format);

  std::unique_ptr<Sink> sink_;
  LogFormat format_;
};

}  // namespace basin::contract
