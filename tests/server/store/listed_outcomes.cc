#include "tests/server/store/listed_outcomes.h"

#include <bit>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/outcome_block.h"
#include "server/store/row_values.h"

namespace basin::tests {
namespace {

using server::core::TrialState;
using server::store::Row;

struct Outcome {
  TrialState state = TrialState::kPending;
  double objective = 0;
  std::map<std::string, double> metrics;

  std::string Text() const {
    const auto bits = [](double value) {
      return std::isnan(value) ? "nan" : absl::StrCat(absl::Hex(std::bit_cast<uint64_t>(value)));
    };
    std::string text = absl::StrCat("state ", static_cast<int>(state), " objective ", bits(objective));
    for (const auto& [name, value] : metrics) absl::StrAppend(&text, " ", name, " ", bits(value));
    return text;
  }
};

ListedOutcomes Texts(const std::map<uint64_t, Outcome>& outcomes) {
  ListedOutcomes texts;
  for (const auto& [index, outcome] : outcomes) texts[index] = outcome.Text();
  return texts;
}

}  // namespace

absl::StatusOr<ListedOutcomes> ListColumns(server::store::TrialOutcomes& outcomes) {
  std::map<uint64_t, Outcome> listed;
  absl::Status status =
      outcomes.ReadEnds([&](uint64_t first, std::span<const uint8_t> states, std::span<const double> objectives) {
        for (size_t i = 0; i < states.size(); ++i) {
          if (states[i] == 0) continue;
          listed[first + i] = {static_cast<TrialState>(states[i]), objectives[i], {}};
        }
      });
  for (const std::string& name : outcomes.metric_names()) {
    if (!status.ok()) return status;
    status = outcomes.ReadMetric(name, [&](uint64_t first, std::span<const double> values) {
      for (size_t i = 0; i < values.size(); ++i) {
        if (std::bit_cast<uint64_t>(values[i]) == server::store::kNoValueBits) continue;
        listed[first + i].metrics[name] = values[i];
      }
    });
  }
  if (!status.ok()) return status;
  if (!listed.empty() && listed.rbegin()->first + 1 != outcomes.end()) {
    return absl::InternalError(absl::StrCat("the end is ", outcomes.end(), ", not behind ", listed.rbegin()->first));
  }
  return Texts(listed);
}

absl::StatusOr<ListedOutcomes> ListRows(server::store::Connection& connection, const server::core::SweepId& sweep) {
  std::map<uint32_t, std::string> names;
  absl::Status status = connection.Each("SELECT key, text FROM symbol", [&](const Row& row) {
    names[static_cast<uint32_t>(row.integer(0))] = row.string(1);
  });
  std::map<uint64_t, Outcome> listed;
  if (!status.ok()) return status;
  status = connection.Each(
      "SELECT t.idx, t.state, t.objective, t.metrics FROM sweep s JOIN trial t ON t.sweep = s.key WHERE s.id = ?1",
      [&](const Row& row) -> absl::Status {
        Outcome& outcome = listed[row.number(0)];
        outcome.state = static_cast<TrialState>(row.integer(1));
        outcome.objective = server::store::ReadOptionalReal(row, 2).value_or(std::nan(""));
        const auto metrics = server::store::UnpackMetrics(row.blob(3));
        if (!metrics.ok()) return metrics.status();
        for (const auto& [symbol, value] : *metrics) {
          if (outcome.state == TrialState::kSucceeded) outcome.metrics[names.at(symbol)] = value;
        }
        return absl::OkStatus();
      },
      sweep);
  if (!status.ok()) return status;
  return Texts(listed);
}

}  // namespace basin::tests
