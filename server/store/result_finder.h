#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "server/core/model.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// Finds results by what they were computed from. A config carries the digest of its workload, so that nothing is
// written for each trial; which trial of the config has the seed follows from its sweep's spec.
class ResultFinder {
 public:
  // `connection` must outlive it and have the newest schema.
  static absl::StatusOr<std::unique_ptr<ResultFinder>> Create(Connection& connection);

  // The oldest one. NOT_FOUND.
  absl::StatusOr<core::KnownResult> Find(const core::Computation& computation) { return Find(computation, false); }
  // The oldest one that has its weights. NOT_FOUND.
  absl::StatusOr<core::KnownResult> FindWithWeights(const core::Computation& computation) {
    return Find(computation, true);
  }

 private:
  struct Config {
    int64_t sweep = 0;
    uint64_t config = 0, configs = 0;
    core::SweepId id;
  };

  explicit ResultFinder(Connection& connection) : connection_(connection) {}
  absl::StatusOr<core::KnownResult> Find(const core::Computation& computation, bool with_weights);
  // Nothing if the trial of this config and seed has no result.
  absl::StatusOr<std::optional<core::KnownResult>> Read(const Config& config, uint64_t seed);
  absl::StatusOr<const v1::SweepSpec*> Spec(const Config& config);
  absl::Status ReadWeights(int64_t sweep, uint64_t trial, core::KnownResult* result);

  Connection& connection_;
  Statement configs_, trial_, weights_, symbol_;
  std::map<int64_t, v1::SweepSpec> specs_;  // Of sweeps asked for, without their workloads. Specs never change.
};

// As `config.digest` has a workload's: its first 16 bytes. Empty for an empty one.
std::string ShortDigest(const std::string& workload_digest);

}  // namespace basin::server::store
