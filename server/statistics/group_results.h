#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/aggregate.h"
#include "proto/contract/space.h"
#include "server/statistics/trial_columns.h"

namespace basin::server::statistics {

// What is asked, and of which sweep. `by`, `where` and `sort` are those of v1.ListResultsRequest.
struct ResultQuery {
  uint64_t configs = 0;
  uint64_t seeds = 0;
  std::vector<uint64_t> seed_list;  // Of each position; empty: the positions themselves.
  bool maximize = false;
  bool live = true;                       // Trials that were never leased still may be; else they are cancelled.
  std::vector<std::string> param_paths;   // All of the sweep, in order.
  std::vector<std::string> metric_names;  // Those that its trials report.
  std::vector<std::string> by;
  std::vector<std::string> where;
  std::string sort;
  // Which of the sorted rows are wanted.
  uint64_t first_row = 0;
  uint64_t max_rows = UINT64_MAX;
};

// A config, or a group of configs, over its seeds.
struct ResultRow {
  std::optional<uint64_t> config;   // Not set for a group.
  std::vector<std::string> params;  // Parallel to ResultTable::param_paths; empty where a param does not apply.
  contract::Aggregate objective;
  std::map<std::string, contract::Aggregate> metrics;
  // These add up to the row's trials. Of a sweep that is not live, trials that were never leased are cancelled ones.
  uint64_t succeeded = 0, diverged = 0, pruned = 0, failed = 0, cancelled = 0;
  uint64_t unfinished = 0;
  // Every seed of every config of the row SUCCEEDED with a finite objective.
  bool complete = false;
  bool best = false;
};

struct ResultTable {
  std::vector<std::string> param_paths;  // Those of `by`, or all.
  uint64_t total_rows = 0;
  std::vector<ResultRow> rows;  // The wanted ones of them.
};

// One row a config of which a trial was leased, or a group of such configs. Trial i is of config i % configs and of the
// seed at position i / configs.
//
// Aggregates are over seeds: for each seed the configs of a group that have a finite value are averaged first, so that
// n is the number of seeds. Only SUCCEEDED trials count into the objective; metrics are of those too.
//
// `best` is the complete row with the best mean objective (of equal ones the first in config order), however the rows
// are sorted. Rows come best first, those that lack a result after all complete ones: the fewer are missing, the
// earlier, then by their means. So too, in either direction, when they are sorted by `mean` or `std`, and when by a
// metric, of which a trial that has no finite value is missing; not when by a param or `n`. Numbers sort before words,
// a row without a value comes last in either direction; equal rows stay in config order.
//
// A condition of `where` does not hold of a config to which its param does not apply, not even `!=`.
//
// INVALID_ARGUMENT names the field (`by[0]`, `where[1]`, `sort`), and the candidates. Errors of `trials` are passed on.
//
// Reads the ends of all trials, a metric to sort by, and, for the wanted rows, every metric; params are looked at for
// each value of a domain, not for each config. Groups look at each config that was never leased, unless there are more
// than 100,000 of those: then no group counts as complete, and as much is missing in each, until there are fewer.
absl::StatusOr<ResultTable> GroupResults(const ResultQuery& query, const contract::Space& space, TrialColumns& trials);

}  // namespace basin::server::statistics
