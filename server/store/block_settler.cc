#include "server/store/block_settler.h"

#include <algorithm>
#include <utility>

#include "server/store/outcome_block.h"

namespace basin::server::store {
namespace {

// A block of trials with more metrics than any workload has is left to its rows: as columns it could be mostly air.
constexpr size_t kMostColumns = 256;

}  // namespace

absl::StatusOr<std::unique_ptr<BlockSettler>> BlockSettler::Create(Connection& connection) {
  std::unique_ptr<BlockSettler> settler(new BlockSettler());
  const std::pair<Statement*, const char*> texts[] = {
      {&settler->find_open_,
       "SELECT EXISTS(SELECT 1 FROM trial INDEXED BY trial_unsettled WHERE sweep = ?1 AND state = 1 AND idx >= ?2 AND "
       "idx < ?3) OR "
       "EXISTS(SELECT 1 FROM trial INDEXED BY trial_unsettled WHERE sweep = ?1 AND state = 2 AND idx >= ?2 AND idx < "
       "?3)"},
      {&settler->find_skipped_, "SELECT last FROM skipped WHERE sweep = ?1 AND first < ?3 ORDER BY first DESC LIMIT 1"},
      {&settler->read_, kSelectOutcomes},
      {&settler->add_, "INSERT OR REPLACE INTO settled_column(sweep, block, metric, bytes) VALUES(?1, ?2, ?3, ?4)"},
      {&settler->remove_, "DELETE FROM settled_column WHERE sweep = ?1 AND block = ?2"},
  };
  for (const auto& [statement, text] : texts) {
    absl::StatusOr<Statement> prepared = connection.Prepare(text);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return settler;
}

absl::Status BlockSettler::Settle(int64_t sweep, uint64_t block, uint64_t next_index, uint64_t trials) {
  const uint64_t first = block * kBlockTrials;
  const uint64_t end = std::min(first + kBlockTrials, trials);
  if (next_index < end) return absl::OkStatus();
  bool open = false;
  absl::Status status = find_open_.Each([&](const Row& row) { open = row.integer(0) != 0; }, sweep, first, end);
  if (status.ok() && !open) {
    status = find_skipped_.Each([&](const Row& row) { open = row.number(0) >= first; }, sweep, first, end);
  }
  if (!status.ok() || open) return status;

  OutcomeBlock outcomes;
  outcomes.first = first;
  status = read_.Each([&](const Row& row) { return outcomes.Add(row); }, sweep, first, end);
  if (!status.ok() || outcomes.metrics.size() > kMostColumns) return status;
  for (const auto& [metric, bytes] : PackColumns(outcomes)) {
    status = add_.Run(sweep, block, metric, Blob{bytes});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status BlockSettler::Unsettle(int64_t sweep, uint64_t block) { return remove_.Run(sweep, block); }

}  // namespace basin::server::store
