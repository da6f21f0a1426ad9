#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace basin::worker::agent {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One line an event: time (UTC), level, a sentence, and named fields (`worker`, `sweep`, `trial`, `attempt`, `code`,
// `duration_s`, ...; empty texts are left out). Thread-safe; each line is written whole.
class EventLog {
 public:
  struct Field {
    std::string_view name;
    std::variant<std::string, int64_t, double> value;
  };
  using Fields = std::initializer_list<Field>;

  static std::unique_ptr<EventLog> ToStderr(LogFormat format, LogLevel level);
  // `stream` outlives the log.
  static std::unique_ptr<EventLog> ToStream(std::ostream* stream, LogFormat format, LogLevel level);
  ~EventLog();

  void Debug(std::string_view message, Fields fields = {}) { Write(LogLevel::kDebug, message, fields); }
  void Info(std::string_view message, Fields fields = {}) { Write(LogLevel::kInfo, message, fields); }
  void Warning(std::string_view message, Fields fields = {}) { Write(LogLevel::kWarning, message, fields); }
  void Error(std::string_view message, Fields fields = {}) { Write(LogLevel::kError, message, fields); }

 private:
  struct Sink;
  EventLog(std::unique_ptr<Sink> sink, LogFormat format);
  void Write(LogLevel level, std::string_view message, Fields fields);

  std::unique_ptr<Sink> sink_;
  LogFormat format_;
};

}  // namespace basin::worker::agent
