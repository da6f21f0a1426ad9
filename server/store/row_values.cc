#include "server/store/row_values.h"

#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace basin::server::store {
namespace {

constexpr size_t kMetricBytes = sizeof(uint32_t) + sizeof(double);
constexpr size_t kRankedBytes = sizeof(core::RankedTrial);
static_assert(kRankedBytes == sizeof(uint64_t) + sizeof(double) && std::is_trivially_copyable_v<core::RankedTrial>);
static_assert(std::endian::native == std::endian::little, "the file is little endian");

}  // namespace

std::optional<double> ReadOptionalReal(const Row& row, int column) {
  switch (row.kind(column)) {
    case CellKind::kNull:
      return std::nullopt;
    case CellKind::kText:
      return std::numeric_limits<double>::quiet_NaN();
    default:
      return row.real(column);
  }
}

double ReadPointValue(const Row& row, int column) {
  return row.is_null(column) ? std::numeric_limits<double>::quiet_NaN() : row.real(column);
}

std::string PackMetrics(const std::vector<std::pair<uint32_t, double>>& metrics) {
  std::string bytes(metrics.size() * kMetricBytes, '\0');
  char* at = bytes.data();
  for (const auto& [symbol, value] : metrics) {
    std::memcpy(at, &symbol, sizeof(symbol));
    std::memcpy(at + sizeof(symbol), &value, sizeof(value));
    at += kMetricBytes;
  }
  return bytes;
}

absl::StatusOr<std::vector<std::pair<uint32_t, double>>> UnpackMetrics(std::string_view bytes) {
  if (bytes.size() % kMetricBytes != 0) return absl::DataLossError("the metrics of a trial are damaged");
  std::vector<std::pair<uint32_t, double>> metrics(bytes.size() / kMetricBytes);
  const char* at = bytes.data();
  for (auto& [symbol, value] : metrics) {
    std::memcpy(&symbol, at, sizeof(symbol));
    std::memcpy(&value, at + sizeof(symbol), sizeof(value));
    at += kMetricBytes;
  }
  return metrics;
}

std::string PackRunnersUp(const std::vector<core::RankedTrial>& best) {
  if (best.empty()) return "";
  return std::string(reinterpret_cast<const char*>(best.data() + 1), (best.size() - 1) * kRankedBytes);
}

absl::Status UnpackRunnersUp(std::string_view bytes, std::vector<core::RankedTrial>* best) {
  if (bytes.size() % kRankedBytes != 0 || (best->empty() && !bytes.empty())) {
    return absl::DataLossError("the best trials of a sweep are damaged");
  }
  const size_t before = best->size();
  best->resize(before + bytes.size() / kRankedBytes);
  if (!bytes.empty()) std::memcpy(best->data() + before, bytes.data(), bytes.size());
  return absl::OkStatus();
}

absl::StatusOr<v1::SweepSpec> ReadSpec(Connection& connection, const core::SweepId& id) {
  v1::SweepSpec spec;
  bool found = false;
  const absl::Status status = connection.Each(
      "SELECT spec FROM sweep WHERE id = ?1",
      [&](const Row& row) {
        found = true;
        const std::string_view bytes = row.blob(0);
        if (spec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
        return absl::DataLossError(absl::StrCat("the spec of sweep ", id, " is damaged"));
      },
      id);
  if (!status.ok()) return status;
  if (!found) return absl::NotFoundError(absl::StrCat("there is no sweep ", id));
  return spec;
}

v1::Value ReadParamValue(const Row& row, int is_bool_column, int value_column) {
  v1::Value value;
  switch (row.kind(value_column)) {
    case CellKind::kInteger:
      if (row.integer(is_bool_column) != 0) {
        value.set_bool_value(row.integer(value_column) != 0);
      } else {
        value.set_int_value(row.integer(value_column));
      }
      break;
    case CellKind::kReal:
      value.set_double_value(row.real(value_column));
      break;
    case CellKind::kText:
    case CellKind::kBlob:
      value.set_string_value(row.string(value_column));
      break;
    case CellKind::kNull:
      break;
  }
  return value;
}

std::optional<int64_t> TimeColumn(core::WallTime time) {
  if (time.count() == 0) return std::nullopt;
  return time.count();
}

std::optional<core::WallTime> ReadTime(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return core::WallTime(row.integer(column));
}

std::string StoredOutcome::Identity() const {
  if (kind == 0) return "";
  core::Outcome outcome;
  outcome.kind = static_cast<core::OutcomeKind>(kind);
  outcome.message = message;
  outcome.weights_digest = weights_digest;
  outcome.data_digest = data_digest;
  outcome.engine_fingerprint = engine_fingerprint;
  return outcome.Identity();
}

}  // namespace basin::server::store
