#include "client/format/human.h"

#include <cmath>
#include <cstdio>
#include <ctime>

namespace basin::client::format {
namespace {

template <typename... Args>
std::string Print(const char* pattern, Args... args) {
  char buffer[128];
  std::snprintf(buffer, sizeof(buffer), pattern, args...);
  return buffer;
}

}  // namespace

std::string HumanDuration(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  if (seconds < 0) seconds = 0;
  if (seconds < 0.9995) return Print("%.0fms", seconds * 1000);
  if (seconds < 59.95) return Print("%.1fs", seconds);
  if (seconds > 1e15) return "forever";
  const uint64_t whole = static_cast<uint64_t>(std::llround(seconds));
  const auto part = [&](uint64_t unit, uint64_t of) { return static_cast<unsigned long long>(whole / unit % of); };
  if (whole < 3600) return Print("%llum%02llus", part(60, 60), part(1, 60));
  if (whole < 86400) return Print("%lluh%02llum", part(3600, 24), part(60, 60));
  return Print("%llud%02lluh", static_cast<unsigned long long>(whole / 86400), part(3600, 24));
}

std::string HumanBytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return Print("%llu B", static_cast<unsigned long long>(bytes));
  double value = static_cast<double>(bytes) / 1024;
  int unit = 0;
  while (value >= 1023.95 && unit < 5) value /= 1024, ++unit;
  return Print("%.1f %s", value, kUnits[unit]);
}

std::string HumanRate(double per_second) {
  if (!std::isfinite(per_second) || per_second <= 0) return "-";
  if (per_second >= 9.95) return Print("%.0f/s", per_second);
  if (per_second >= 1) return Print("%.1f/s", per_second);
  if (per_second * 60 >= 1) return Print("%.1f/min", per_second * 60);
  return Print("%.1f/h", per_second * 3600);
}

std::string HumanReal(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::abs(value);
  return Print(size >= 9999.5 && size < 1e7 ? "%.0f" : "%.4g", value);
}

std::string LocalTime(double unix_seconds) {
  const time_t whole = static_cast<time_t>(std::floor(unix_seconds));
  struct tm parts;
  if (localtime_r(&whole, &parts) == nullptr) return "-";
  char buffer[64];
  std::strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S", &parts);
  return buffer;
}

std::string UtcTime(double unix_seconds) {
  const int64_t ms = std::llround(unix_seconds * 1000);
  time_t whole = ms / 1000;
  int64_t rest = ms % 1000;
  if (rest < 0) rest += 1000, --whole;
  struct tm parts;
  if (gmtime_r(&whole, &parts) == nullptr) return "";
  char buffer[64];
  std::strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%S", &parts);
  return buffer + Print(".%03dZ", static_cast<int>(rest));
}

std::string Count(uint64_t n, const std::string& noun) { return std::to_string(n) + " " + noun + (n == 1 ? "" : "s"); }

}  // namespace basin::client::format
