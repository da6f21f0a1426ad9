#include "server/runtime/log.h"

#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace basin::server::runtime {
namespace {

struct Logger {
  LogFormat format = LogFormat::kText;
  std::shared_ptr<spdlog::logger> out;
};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

Logger MakeLogger(LogFormat format, LogLevel level) {
  Logger logger{.format = format,
                .out = std::make_shared<spdlog::logger>("basin", std::make_shared<spdlog::sinks::stderr_sink_mt>())};
  logger.out->set_pattern(
      format == LogFormat::kText ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v" : R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
      spdlog::pattern_time_type::utc);
  logger.out->set_level(ToSpdlog(level));
  return logger;
}

Logger& TheLogger() {
  static Logger* logger = new Logger(MakeLogger(LogFormat::kText, LogLevel::kInfo));
  return *logger;
}

// A JSON string; bytes that are no printable ASCII or UTF-8 text of several bytes are escaped.
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

bool IsPlain(std::string_view text) {
  if (text.empty()) return false;
  for (const char character : text) {
    if (character <= ' ' || character >= 0x7f || character == '"' || character == '\\' || character == '=')
      return false;
  }
  return true;
}

}  // namespace

LogField::LogField(std::string_view key, double value)
    : key_(key), text_(absl::StrCat(value)), is_number_(std::isfinite(value)) {}

void StartLogging(LogFormat format, LogLevel level) { TheLogger() = MakeLogger(format, level); }

std::string FormatLogLine(LogFormat format, std::string_view message, std::initializer_list<LogField> fields) {
  if (format == LogFormat::kJson) {
    std::string line = "\"msg\":" + Quoted(message);
    for (const LogField& field : fields) {
      line += "," + Quoted(field.key()) + ":" + (field.is_number() ? field.text() : Quoted(field.text()));
    }
    return line;
  }
  std::string line = Quoted(message);
  for (const LogField& field : fields) {
    line.append(" ").append(field.key()).append("=");
    line += IsPlain(field.text()) ? field.text() : Quoted(field.text());
  }
  return line;
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const Logger& logger = TheLogger();
  if (!logger.out->should_log(ToSpdlog(level))) return;
  logger.out->log(ToSpdlog(level), "{}", FormatLogLine(logger.format, message, fields));
  logger.out->flush();
}

}  // namespace basin::server::runtime
