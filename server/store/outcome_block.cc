#include "server/store/outcome_block.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/store/row_values.h"

namespace basin::server::store {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kEndBytes = sizeof(uint8_t) + sizeof(double);

absl::Status Damaged() { return absl::DataLossError("the outcomes of settled trials are damaged"); }

}  // namespace

const char kSelectOutcomes[] =
    "SELECT idx, state, objective, metrics FROM trial WHERE sweep = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx";

absl::Status OutcomeBlock::Add(const Row& row) {
  const uint64_t place = row.number(0) - first;
  // Trials without a row before this one.
  states.resize(place, 0);
  objectives.resize(place, kNan);
  const auto state = static_cast<core::TrialState>(row.integer(1));
  states.push_back(static_cast<uint8_t>(state));
  objectives.push_back(ReadOptionalReal(row, 2).value_or(kNan));
  const auto packed = UnpackMetrics(row.blob(3));
  if (!packed.ok()) return packed.status();
  for (const auto& [symbol, value] : *packed) {
    std::vector<double>& column = metrics[symbol];
    if (state != core::TrialState::kSucceeded) continue;
    column.resize(place, std::bit_cast<double>(kNoValueBits));
    column.push_back(std::isnan(value) ? kNan : value);
  }
  return absl::OkStatus();
}

std::map<uint32_t, std::string> PackColumns(const OutcomeBlock& block) {
  const auto bytes_of = [](const auto& values) {
    return std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  std::map<uint32_t, std::string> columns;
  columns[0] = absl::StrCat(std::string(bytes_of(block.states)), std::string(bytes_of(block.objectives)));
  for (const auto& [metric, values] : block.metrics) columns[metric] = bytes_of(values);
  return columns;
}

absl::Status UnpackEnds(std::string_view bytes, std::vector<uint8_t>* states, std::vector<double>* objectives) {
  const size_t trials = bytes.size() / kEndBytes;
  if (bytes.size() != trials * kEndBytes || trials > kBlockTrials) return Damaged();
  states->resize(trials);
  objectives->resize(trials);
  std::memcpy(states->data(), bytes.data(), trials);
  std::memcpy(objectives->data(), bytes.data() + trials, trials * sizeof(double));
  return absl::OkStatus();
}

absl::Status UnpackValues(std::string_view bytes, std::vector<double>* values) {
  const size_t trials = bytes.size() / sizeof(double);
  if (bytes.size() != trials * sizeof(double) || trials > kBlockTrials) return Damaged();
  values->resize(trials);
  if (trials > 0) std::memcpy(values->data(), bytes.data(), bytes.size());
  return absl::OkStatus();
}

}  // namespace basin::server::store
