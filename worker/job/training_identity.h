#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace basin::worker::job {

// What a training's files belong to. A checkpoint of another one is refused, even where its tensors would fit.
struct TrainingIdentity {
  std::string workload_digest;  // contract::CanonicalDigest of the resolved workload.
  uint64_t seed = 0;
  std::string data_digest;
  std::string engine_fingerprint;
};

// The metadata of a file in `format`.
inline std::map<std::string, std::string> MetadataOf(const std::string& format, const TrainingIdentity& identity) {
  return {{"format", format},
          {"workload_digest", identity.workload_digest},
          {"seed", absl::StrCat(identity.seed)},
          {"data_digest", identity.data_digest},
          {"engine_fingerprint", identity.engine_fingerprint}};
}

// FAILED_PRECONDITION, saying how `what`, a file with these metadata, differs, unless it is in `format` and of this
// training.
inline absl::Status CheckMetadata(const std::string& what, const std::map<std::string, std::string>& metadata,
                                  const std::string& format, const TrainingIdentity& identity) {
  for (const auto& [key, expected] : MetadataOf(format, identity)) {
    const auto found = metadata.find(key);
    const std::string actual = found == metadata.end() ? "" : found->second;
    if (actual == expected) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("the ", what, " of another training: its ", key, " is '", actual, "', not '", expected, "'"));
  }
  return absl::OkStatus();
}

}  // namespace basin::worker::job
