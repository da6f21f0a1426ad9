#include "server/runtime/log.h"

#include <memory>

namespace basin::server::runtime {
namespace {

// Never destroyed: threads may log until the process is gone.
std::unique_ptr<EventLog>& TheLog() {
  static auto* log = new std::unique_ptr<EventLog>(EventLog::ToStderr("server", LogFormat::kText, LogLevel::kInfo));
  return *log;
}

}  // namespace

void StartLogging(LogFormat format, LogLevel level) { TheLog() = EventLog::ToStderr("server", format, level); }

void Log(LogLevel level, std::string_view message, EventLog::Fields fields) { TheLog()->Write(level, message, fields); }

}  // namespace basin::server::runtime
