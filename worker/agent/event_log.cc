#include "worker/agent/event_log.h"

#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace basin::worker::agent {
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
  }
  return spdlog::level::info;
}

// `text` between double quotes, with what would break a line or a JSON string escaped.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char code[8];
          std::snprintf(code, sizeof code, "\\u%04x", c);
          out += code;
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

bool IsPlainWord(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\n\r\"\\=") == std::string_view::npos;
}

std::string Text(const std::variant<std::string, int64_t, double>& value, bool json) {
  if (const auto* text = std::get_if<std::string>(&value)) return !json && IsPlainWord(*text) ? *text : Quoted(*text);
  if (const auto* number = std::get_if<int64_t>(&value)) return absl::StrCat(*number);
  const double number = std::get<double>(value);
  return json && !std::isfinite(number) ? Quoted(absl::StrCat(number)) : absl::StrCat(number);
}

}  // namespace

struct EventLog::Sink {
  spdlog::logger logger;
};

EventLog::EventLog(std::unique_ptr<Sink> sink, LogFormat format) : sink_(std::move(sink)), format_(format) {}
EventLog::~EventLog() = default;

namespace {

spdlog::logger MakeLogger(spdlog::sink_ptr sink, LogFormat format, LogLevel level) {
  spdlog::logger logger("basin-worker", std::move(sink));
  logger.set_level(ToSpdlog(level));
  logger.flush_on(spdlog::level::trace);
  logger.set_pattern(format == LogFormat::kJson
                         ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","component":"worker",%v})"
                         : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                     spdlog::pattern_time_type::utc);
  return logger;
}

}  // namespace

std::unique_ptr<EventLog> EventLog::ToStderr(LogFormat format, LogLevel level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return std::unique_ptr<EventLog>(
      new EventLog(std::make_unique<Sink>(Sink{MakeLogger(std::move(sink), format, level)}), format));
}

std::unique_ptr<EventLog> EventLog::ToStream(std::ostream* stream, LogFormat format, LogLevel level) {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*stream);
  return std::unique_ptr<EventLog>(
      new EventLog(std::make_unique<Sink>(Sink{MakeLogger(std::move(sink), format, level)}), format));
}

void EventLog::Write(LogLevel level, std::string_view message, Fields fields) {
  const spdlog::level::level_enum spdlog_level = ToSpdlog(level);
  if (!sink_->logger.should_log(spdlog_level)) return;
  const bool json = format_ == LogFormat::kJson;
  std::string line = json ? "\"msg\":" + Quoted(message) : Text(std::string(message), json);
  for (const Field& field : fields) {
    if (const auto* text = std::get_if<std::string>(&field.value); text && text->empty()) continue;
    line += json ? ",\"" : " ";
    line += field.name;
    line += json ? "\":" : "=";
    line += Text(field.value, json);
  }
  sink_->logger.log(spdlog_level, line);
}

}  // namespace basin::worker::agent
