// Bytes as a user's SQL: at most an answer within its limits, and never a change or a look behind the views.

#include <atomic>

#include "server/store/sqlite_queries.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::tests::fuzz {
namespace {

using server::store::Queries;

class FrontDoor {
 public:
  FrontDoor() : queries_(*server::store::SqliteQueries::Open(stored_.dir(), [this] { return Tick(); })) {
    limits_.max_rows = 100;
    limits_.max_seconds = 0.1;
    limits_.max_memory_bytes = 8 << 20;
    whole_ = Count();
  }

  void Ask(const std::string& sql) {
    uint64_t rows = 0;
    const auto truncated = queries_->RunSql(
        sql, limits_, nullptr, [](const std::vector<std::string>&) {},
        [&rows](const v1::SqlRow&) { return ++rows > 0; });
    Require(rows <= limits_.max_rows, "no more rows than allowed");
    if (!truncated.ok()) {
      Require(!absl::IsInternal(truncated.status()) && !absl::IsDataLoss(truncated.status()),
              "the fault is the user's");
    }
    Require(Count() == whole_, "nothing has changed");
  }

 private:
  // Every look at the clock takes a millisecond.
  server::core::MonoTime Tick() { return std::chrono::milliseconds(++ticks_); }

  std::string Count() {
    std::string counts;
    const auto status = queries_->RunSql(
        "SELECT (SELECT count(*) FROM trials), (SELECT count(*) FROM metrics), (SELECT count(*) FROM sweeps)", limits_,
        nullptr, [](const std::vector<std::string>&) {},
        [&counts](const v1::SqlRow& row) {
          counts = row.ShortDebugString();
          return true;
        });
    Require(status.ok(), "the front door still opens");
    return counts;
  }

  StoredSweep stored_;
  std::atomic<int64_t> ticks_{0};
  std::unique_ptr<Queries> queries_;
  Queries::SqlLimits limits_;
  std::string whole_;
};

}  // namespace
}  // namespace basin::tests::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static basin::tests::fuzz::FrontDoor door;  // Removes its folder at the end.
  if (size <= 4096) door.Ask(std::string(basin::tests::fuzz::TextOf(data, size)));
  return 0;
}
