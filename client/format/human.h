#pragma once

#include <cstdint>
#include <string>

namespace basin::client::format {

// For people: "850ms", "12.3s", "4m05s", "2h03m", "3d04h".
std::string HumanDuration(double seconds);

// "512 B", "1.5 MiB".
std::string HumanBytes(uint64_t bytes);

// "12/s", "1.3/s", and below one a second "40/min", "2.5/h".
std::string HumanRate(double per_second);

// A number to four significant digits, or more up to 10 million: "0.07132", "1.234e-05", "36690", "1.234e+07", "inf",
// "NaN".
std::string HumanReal(double value);

// "2024-05-01 14:03:07" in the machine's time zone.
std::string LocalTime(double unix_seconds);

// RFC 3339, in UTC, to the millisecond: "2024-05-01T12:03:07.250Z".
std::string UtcTime(double unix_seconds);

// "1 trial", "3 trials".
std::string Count(uint64_t n, const std::string& noun);

}  // namespace basin::client::format
