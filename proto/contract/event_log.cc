#include "proto/contract/event_log.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace basin::contract {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

// A JSON string: what would break a line or the string is escaped.
std::string Quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      quoted += {'\\', character};
    } else if (character == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      quoted += character;
    }
  }
  return quoted + "\"";
}

bool IsPlainWord(std::string_view text) {
  for (const char character : text) {
    if (character <= ' ' || character >= 0x7f || character == '"' || character == '\\' || character == '=') {
      return false;
    }
  }
  return !text.empty();
}

std::string TextLine(std::string_view message, EventLog::Fields fields) {
  const auto word = [](std::string_view text) { return IsPlainWord(text) ? std::string(text) : Quoted(text); };
  std::string line = word(message);
  for (const LogField& field : fields) {
    if (!field.text().empty()) line.append(" ").append(field.key()).append("=").append(word(field.text()));
  }
  return line;
}

// Without the braces, time, level and component.
std::string JsonLine(std::string_view message, EventLog::Fields fields) {
  std::string line = "\"msg\":" + Quoted(message);
  for (const LogField& field : fields) {
    if (field.text().empty()) continue;
    line += "," + Quoted(field.key()) + ":" + (field.is_number() ? field.text() : Quoted(field.text()));
  }
  return line;
}

spdlog::logger MakeLogger(spdlog::sink_ptr sink, std::string_view component, LogFormat format, LogLevel level) {
  spdlog::logger logger("basin", std::move(sink));
  logger.set_level(ToSpdlog(level));
  logger.flush_on(spdlog::level::trace);
  logger.set_pattern(format == LogFormat::kJson ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","component":")" +
                                                      std::string(component) + "\",%v}"
                                                : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                     spdlog::pattern_time_type::utc);
  return logger;
}

}  // namespace

LogField::LogField(std::string_view key, double value)
    : key_(key), text_(absl::StrCat(value)), is_number_(std::isfinite(value)) {}

struct EventLog::Sink {
  spdlog::logger logger;
};

EventLog::EventLog(std::unique_ptr<Sink> sink, LogFormat format) : sink_(std::move(sink)), format_(format) {}
EventLog::~EventLog() = default;

std::unique_ptr<EventLog> EventLog::ToStderr(std::string_view component, LogFormat format, LogLevel level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return std::unique_ptr<EventLog>(
      new EventLog(std::make_unique<Sink>(Sink{MakeLogger(std::move(sink), component, format, level)}), format));
}

std::unique_ptr<EventLog> EventLog::ToStream(std::ostream* stream, std::string_view component, LogFormat format,
                                             LogLevel level) {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*stream);
  return std::unique_ptr<EventLog>(
      new EventLog(std::make_unique<Sink>(Sink{MakeLogger(std::move(sink), component, format, level)}), format));
}

void EventLog::Write(LogLevel level, std::string_view message, Fields fields) {
  const spdlog::level::level_enum spdlog_level = ToSpdlog(level);
  if (!sink_->logger.should_log(spdlog_level)) return;
  sink_->logger.log(spdlog_level, format_ == LogFormat::kJson ? JsonLine(message, fields) : TextLine(message, fields));
}

}  // namespace basin::contract
