#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"
#include "basin/v1/sweep.pb.h"
#include "server/core/snapshot.h"
#include "server/store/sqlite_db.h"

// Values of rows that are not plain columns; schema.h says why.
namespace basin::server::store {

// What was bound as NanAsText.
std::optional<double> ReadOptionalReal(const Row& row, int column);

// The value of point.value, where NULL is NaN.
double ReadPointValue(const Row& row, int column);

// Pairs of a symbol and a double, as trial.metrics has them. DATA_LOSS when the bytes can't be such pairs.
std::string PackMetrics(const std::vector<std::pair<uint32_t, double>>& metrics);
absl::StatusOr<std::vector<std::pair<uint32_t, double>>> UnpackMetrics(std::string_view bytes);

// Of SweepRecord::best those after the first, as sweep.runners_up has them. DATA_LOSS when the bytes can't be such.
std::string PackRunnersUp(const std::vector<core::RankedTrial>& best);
absl::Status UnpackRunnersUp(std::string_view bytes, std::vector<core::RankedTrial>* best);

// The spec of a sweep. NOT_FOUND, DATA_LOSS.
absl::StatusOr<v1::SweepSpec> ReadSpec(Connection& connection, const core::SweepId& id);

// The Value of param columns `is_bool` and `value`.
v1::Value ReadParamValue(const Row& row, int is_bool_column, int value_column);

// Times: NULL stands for none, and events that carry none have 0.
std::optional<int64_t> TimeColumn(core::WallTime time);
std::optional<core::WallTime> ReadTime(const Row& row, int column);

// What a repeated report of an ended trial is compared with.
struct StoredOutcome {
  int kind = 0;  // 0: no worker's outcome ended it.
  std::string message, weights_digest, data_digest, engine_fingerprint;
  std::string Identity() const;
};

}  // namespace basin::server::store
