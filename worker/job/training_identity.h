#pragma once

#include <cstdint>
#include <map>
#include <string>

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

}  // namespace basin::worker::job
