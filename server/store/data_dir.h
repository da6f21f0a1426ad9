#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// What an operator does with a whole data dir: copy it, check it, see what fills it. All of it reads alone, and may be
// done while a server uses the folder.
namespace basin::server::store {

// Copies the data dir to the new folder `to`: the database as of one commit, every artifact that it may refer to, and
// the hashes of tokens. Meanwhile a running server removes no artifacts.
// `to` appears as a whole, safe from power loss, or not at all; what an interrupted backup left behind is called
// `TO.partial` and is removed by the next one. `to` is a data dir itself; its SHA256SUMS is what `sha256sum -c` reads.
//
// ALREADY_EXISTS when `to` is there; NOT_FOUND when `dir` has no database; DATA_LOSS when it is damaged.
absl::Status BackUp(const std::string& dir, const std::string& to);

struct CheckReport {
  uint32_t schema_version = 0;
  uint64_t sweeps = 0;
  uint64_t trials = 0;  // With a row: those that were leased at least once.
  uint64_t artifacts = 0;
  bool had_checksums = false;
  std::vector<std::string> damages;  // Empty: whole.
};
// Reads everything: SQLite's integrity check, the sweeps' counts against their trials, each artifact against its name,
// and each file against SHA256SUMS, if that is there. FAILED_PRECONDITION for a database of a newer program.
absl::StatusOr<CheckReport> CheckDataDir(const std::string& dir);

struct UsageReport {
  uint64_t database_bytes = 0;  // Without the log.
  uint64_t free_bytes = 0;      // Of them, what deleted rows left; used again before the file grows.
  uint64_t log_bytes = 0;
  uint64_t artifact_bytes = 0;
  uint64_t artifacts = 0;
  struct Table {
    std::string name;
    uint64_t bytes = 0;  // With its indexes.
  };
  std::vector<Table> tables;  // The largest first.
  struct Sweep {
    std::string id;
    std::string name;
    uint64_t points = 0;
  };
  std::vector<Sweep> sweeps;  // Those with the most metric points, at most ten.
};
// Reads the whole database.
absl::StatusOr<UsageReport> MeasureDataDir(const std::string& dir);

// The checksums of a backup; a server that opens the folder removes it, for what they say is then no longer so.
inline constexpr char kChecksumsFile[] = "SHA256SUMS";

}  // namespace basin::server::store
