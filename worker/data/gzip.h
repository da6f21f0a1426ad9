#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace basin::worker::data {

// Decompresses a gzip file of one or more members. DATA_LOSS, naming `file`, if the bytes are not gzip, end early, fail
// their checksum, are followed by something else, or would become more than `max_bytes`.
absl::StatusOr<std::string> Gunzip(std::string_view bytes, const std::string& file, uint64_t max_bytes);

}  // namespace basin::worker::data
