#pragma once

#include <string_view>

#include "proto/contract/event_log.h"

namespace basin::server::runtime {

using contract::EventLog;
using contract::LogField;
using contract::LogFormat;
using contract::LogLevel;

// From then on the log of the process goes to stderr in this form. Before: text, info. Not thread-safe against Log.
void StartLogging(LogFormat format, LogLevel level);

// A line of the process's log. Thread-safe.
void Log(LogLevel level, std::string_view message, EventLog::Fields fields = {});

}  // namespace basin::server::runtime
