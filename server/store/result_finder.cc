#include "server/store/result_finder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/space.h"
#include "server/store/row_values.h"

namespace basin::server::store {
namespace {

constexpr size_t kMostSpecs = 1000;

// The position of the replicate with this seed; nothing if there is none.
std::optional<uint64_t> PositionOf(const v1::Seeds& seeds, uint64_t seed) {
  if (!seeds.has_list()) return seed < seeds.count() ? std::optional(seed) : std::nullopt;
  const auto& list = seeds.list().seeds();
  const auto found = std::find(list.begin(), list.end(), seed);
  if (found == list.end()) return std::nullopt;
  return static_cast<uint64_t>(found - list.begin());
}

}  // namespace

std::string ShortDigest(const std::string& workload_digest) {
  constexpr size_t kHexDigits = 32;
  return absl::HexStringToBytes(workload_digest.substr(0, kHexDigits));
}

absl::StatusOr<std::unique_ptr<ResultFinder>> ResultFinder::Create(Connection& connection) {
  std::unique_ptr<ResultFinder> finder(new ResultFinder(connection));
  const std::pair<Statement*, const char*> texts[] = {
      {&finder->configs_,
       "SELECT c.sweep, c.config, s.configs, s.id FROM config c CROSS JOIN sweep s ON s.key = c.sweep "
       "WHERE c.digest = ?1 AND s.engine_fingerprint = ?2 AND (?3 = '' OR EXISTS (SELECT 1 FROM sweep_pin p WHERE "
       "p.sweep = c.sweep AND p.dataset = ?3 AND p.digest = ?4)) ORDER BY c.sweep, c.config"},
      {&finder->trial_,
       "SELECT t.objective, t.outcome, coalesce(t.outcome_message, t.message), t.weights_digest, d.text, e.text, "
       "t.duration, t.metrics, t.reused_from FROM trial t LEFT JOIN symbol d ON d.key = t.data_digest "
       "LEFT JOIN symbol e ON e.key = t.engine_fingerprint "
       "WHERE t.sweep = ?1 AND t.idx = ?2 AND t.seed = ?3 AND t.state IN (3, 4) AND t.outcome IN (1, 2)"},
      {&finder->weights_,
       "SELECT name, step, bytes, sha256 FROM artifact WHERE sweep = ?1 AND trial = ?2 AND kind = 2"},
      {&finder->symbol_, "SELECT text FROM symbol WHERE key = ?1"},
  };
  for (const auto& [statement, text] : texts) {
    absl::StatusOr<Statement> prepared = connection.Prepare(text);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return finder;
}

absl::StatusOr<core::KnownResult> ResultFinder::Find(const core::Computation& computation, bool with_weights) {
  std::vector<Config> configs;
  const std::string digest = ShortDigest(computation.workload_digest);
  absl::Status status = configs_.Each(
      [&](const Row& row) {
        configs.push_back({row.integer(0), row.number(1), row.number(2), row.string(3)});
        return absl::OkStatus();
      },
      Blob{digest}, computation.engine_fingerprint, computation.dataset, computation.data_digest);
  if (!status.ok()) return status;
  for (const Config& config : configs) {
    absl::StatusOr<std::optional<core::KnownResult>> result = Read(config, computation.seed);
    if (!result.ok()) return result.status();
    if (result->has_value() && (!with_weights || (*result)->weights)) return **std::move(result);
  }
  return absl::NotFoundError(absl::StrCat("no trial has this result", with_weights ? " and keeps its weights" : ""));
}

absl::StatusOr<std::optional<core::KnownResult>> ResultFinder::Read(const Config& config, uint64_t seed) {
  absl::StatusOr<const v1::SweepSpec*> spec = Spec(config);
  if (!spec.ok()) return spec.status();
  const std::optional<uint64_t> position = PositionOf((*spec)->seeds(), seed);
  if (!position) return std::nullopt;
  const uint64_t index = *position * config.configs + config.config;
  std::optional<core::KnownResult> result;
  std::vector<std::pair<uint32_t, double>> metrics;
  absl::Status status = trial_.Each(
      [&](const Row& row) -> absl::Status {
        result.emplace();
        result->objective = ReadOptionalReal(row, 0);
        result->outcome = {.kind = static_cast<core::OutcomeKind>(row.integer(1)),
                           .message = row.string(2),
                           .weights_digest = row.string(3),
                           .data_digest = row.string(4),
                           .engine_fingerprint = row.string(5),
                           .duration = std::chrono::nanoseconds(row.integer(6))};
        auto unpacked = UnpackMetrics(row.blob(7));
        if (!unpacked.ok()) return unpacked.status();
        metrics = *std::move(unpacked);
        result->trial = row.string(8);
        return absl::OkStatus();
      },
      config.sweep, index, seed);
  if (!status.ok()) return status;
  if (!result) return std::nullopt;
  if (result->trial.empty()) result->trial = core::ToText({config.id, index});
  const v1::Objective& objective = (*spec)->objective();
  result->maximize = objective.has_maximize();
  result->objective_metric = result->maximize ? objective.maximize() : objective.minimize();
  result->objective_at_best = objective.at() == v1::Objective::AT_BEST;
  for (const auto& [symbol, value] : metrics) {
    status = symbol_.Each(
        [&, value = value](const Row& row) {
          result->metrics[row.string(0)] = value;
          return absl::OkStatus();
        },
        symbol);
    if (!status.ok()) return status;
  }
  status = ReadWeights(config.sweep, index, &*result);
  if (!status.ok()) return status;
  return result;
}

absl::Status ResultFinder::ReadWeights(int64_t sweep, uint64_t trial, core::KnownResult* result) {
  return weights_.Each(
      [&](const Row& row) {
        result->weights = {core::ArtifactKind::kWeights, row.string(0), row.number(1), row.number(2), row.string(3)};
        return absl::OkStatus();
      },
      sweep, trial);
}

absl::StatusOr<const v1::SweepSpec*> ResultFinder::Spec(const Config& config) {
  const auto known = specs_.find(config.sweep);
  if (known != specs_.end()) return &known->second;
  absl::StatusOr<v1::SweepSpec> spec = ReadSpec(connection_, config.id);
  if (!spec.ok()) return spec.status();
  spec->clear_base();
  spec->clear_domains();
  if (specs_.size() >= kMostSpecs) specs_.clear();
  return &specs_.emplace(config.sweep, *std::move(spec)).first->second;
}

}  // namespace basin::server::store
