#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/store/memory_store.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/crash_disk.h"
#include "tests/server/store/crash_vfs.h"
#include "tests/server/store/history.h"
#include "tests/support/temp_dir.h"

namespace basin::tests {

struct CrashFigures {
  uint64_t losses = 0;  // Of power.
  uint64_t losses_while_opening = 0;
  uint64_t kills = 0;
  uint64_t io_errors = 0;
  uint64_t full_disks = 0;
  uint64_t commits = 0;    // Acknowledged.
  uint64_t vanished = 0;   // Batches that were under way, and did not happen.
  uint64_t completed = 0;  // Batches that were under way, and did.
};

// The core at work on a SQLite store whose disk loses power, fails and fills up. After each incident the store is
// opened again and must hold every acknowledged batch, and the one that was under way whole or not at all: each row of
// each table as in a store on a disk without faults that got the same batches, and the state as the memory store gives
// it.
class CrashRun {
 public:
  explicit CrashRun(uint64_t seed, bool ignores_sync = false);
  ~CrashRun();

  // So many incidents, of a kind that the seed chooses. What was violated, if anything.
  std::optional<std::string> Run(int incidents);
  const CrashFigures& figures() const { return figures_; }

 private:
  class Witness;
  // Something that is done to the store, and has no answer yet.
  struct Pending {
    std::vector<server::core::Event> events;
    bool tidies = false;
  };

  void PowerLoss();
  void Fault(CrashDisk::Result error);
  // One step of the core, or of housekeeping, or a stop and a start.
  absl::Status Step();
  absl::Status Commit();
  void Acknowledge(const Pending& pending);
  // A process that was killed or lost its machine goes, and another one opens the store. Power may be lost again.
  void StartAgain(bool power_was_lost);
  absl::Status OpenStore();
  // Against what was acknowledged; with what was under way, if `pending_may_be_there`.
  void Compare(bool pending_may_be_there);
  void Violate(const std::string& what);
  uint64_t Draw(uint64_t below);

  const uint64_t seed_;
  uint64_t random_;
  TempDir dir_, twin_dir_;
  CrashDisk disk_, twin_disk_;
  CrashMount mount_, twin_mount_;
  std::unique_ptr<server::store::SqliteStore> store_, twin_;
  server::store::MemoryStore memory_;
  std::unique_ptr<Witness> witness_;
  History history_;
  std::optional<Pending> pending_;
  std::optional<std::string> violation_;
  CrashFigures figures_;
};

}  // namespace basin::tests
