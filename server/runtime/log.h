#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace basin::server::runtime {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

// From then on the log of the process goes to stderr in this form, one line an event:
//   2026-01-31T12:00:00.123Z info "sweep created" sweep=k3xq7abd trials=60
//   {"ts":"2026-01-31T12:00:00.123Z","level":"info","msg":"sweep created","sweep":"k3xq7abd","trials":60}
// Before: text, info. Not thread-safe against Log.
void StartLogging(LogFormat format, LogLevel level);

// One key and value of a line.
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
  bool is_number() const { return is_number_; }

 private:
  std::string_view key_;
  std::string text_;
  bool is_number_ = false;
};

// Thread-safe. Text from outside may stand in a value: it is quoted, and never makes a second line.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The line without time and level, as Log writes it.
std::string FormatLogLine(LogFormat format, std::string_view message, std::initializer_list<LogField> fields);

}  // namespace basin::server::runtime
