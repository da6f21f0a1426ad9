#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/data/digest_cache.h"

namespace basin::worker::data {

// The most bytes that one stored file may have, and that one may have after decompression.
inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;

// A stored file, unpacked, and its name for messages.
struct NamedBytes {
  std::string name;
  std::string_view bytes;
};

// DATA_LOSS that names the file and what is wrong with it at which place.
absl::Status Damaged(const std::string& file, const std::string& what);

// The bytes of the regular file `relative` ("NAME.csv" or "NAME/FILE") below `data_dir`. No link below the data dir is
// followed; devices and pipes are not opened for reading. NOT_FOUND if there is no such file, DATA_LOSS if it is not a
// regular file or larger than `max_bytes`, UNAVAILABLE if this machine cannot read it.
absl::StatusOr<std::string> ReadStoredFile(const std::filesystem::path& data_dir, const std::string& relative,
                                           uint64_t max_bytes = kMaxFileBytes);

// SHA-256 in hex of the same bytes, whatever their number, without holding them; from `cache`, or into it. Errors as
// above.
absl::StatusOr<std::string> DigestStoredFile(const std::filesystem::path& data_dir, const std::string& relative,
                                             DigestCache& cache);

}  // namespace basin::worker::data
