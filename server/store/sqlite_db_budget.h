#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace basin::server::store {

// While it lives, what SQLite takes on this thread is counted: memory, and bytes put aside in temporary files. Beyond a
// limit, or once `stops` says so, it gets no more, and what it is doing fails. A progress hook is not asked while a
// statement is prepared, nor between two columns of a row; but little is done there without memory.
//
// The innermost of a thread counts. Bytes that were there before and are given back count as taken off.
class SqliteBudget {
 public:
  struct Limits {
    uint64_t memory_bytes = 0;
    uint64_t temporary_bytes = 0;  // In files that exist at one time.
  };
  enum class Excess { kNone, kMemory, kTemporary };

  // `stops` is asked with SQLite's allocator locked, so that it must not call SQLite. Empty: none.
  SqliteBudget(const Limits& limits, std::function<bool()> stops);
  ~SqliteBudget();
  SqliteBudget(const SqliteBudget&) = delete;
  SqliteBudget& operator=(const SqliteBudget&) = delete;

  // From now on.
  void LimitMemory(uint64_t bytes) { limits_.memory_bytes = bytes; }
  // The first limit that was reached.
  Excess excess() const { return excess_; }

  // Whether SQLite's memory is counted at all: not in a process that used SQLite before main().
  static bool IsInForce();
  // The budget of this thread says that what is being done should end. False without one.
  static bool StopsNow();
  // The name for sqlite3_open_v2 of the layer that counts temporary files; page_checksums is the one below.
  static const char* Vfs();

 private:
  friend struct SqliteBudgetHooks;

  bool Allows(size_t more_memory);
  bool TakeTemporary(int64_t bytes);

  Limits limits_;
  const std::function<bool()> stops_;
  SqliteBudget* const outer_;
  int64_t memory_ = 0;
  int64_t temporary_ = 0;
  Excess excess_ = Excess::kNone;
  bool stopped_ = false;
  uint32_t asked_ = 0;
};

}  // namespace basin::server::store
