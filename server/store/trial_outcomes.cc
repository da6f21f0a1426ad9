#include "server/store/trial_outcomes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/outcome_block.h"

namespace basin::server::store {
namespace {

class Outcomes : public TrialOutcomes {
 public:
  explicit Outcomes(ReaderPool::Reader reader) : reader_(std::move(reader)) {}

  absl::Status Open(const core::SweepId& sweep);

  uint64_t end() const override { return end_; }
  std::vector<std::string> metric_names() const override {
    std::vector<std::string> names;
    for (const auto& [name, symbol] : symbols_) names.push_back(name);
    return names;
  }
  absl::Status ReadEnds(const OnEnds& on_ends) override;
  absl::Status ReadMetric(const std::string& name, const OnValues& on_values) override;

 private:
  absl::Status ReadRows(uint64_t from, uint64_t to);
  absl::Status ReadNames();
  // Calls `settled` with the bytes of a column of each settled block that has it, `open` with each other block, in
  // order.
  template <typename OnSettled, typename OnOpen>
  absl::Status EachBlock(uint32_t metric, OnSettled settled, OnOpen open);

  ReaderPool::Reader reader_;
  int64_t sweep_ = 0;
  uint64_t end_ = 0;
  std::map<uint64_t, std::optional<OutcomeBlock>> blocks_;  // By number; settled ones are read when needed.
  std::map<std::string, uint32_t> symbols_;
};

absl::Status Outcomes::Open(const core::SweepId& sweep) {
  absl::Status status = reader_->Each(
      "SELECT key FROM sweep WHERE id = ?1", [&](const Row& row) { sweep_ = row.integer(0); }, sweep);
  uint64_t unsettled = 0;  // The first trial that is not known to be in a settled block or to have been read.
  std::vector<std::pair<uint64_t, uint64_t>> gaps;
  if (status.ok()) {
    status = reader_->Each(
        "SELECT block, length(bytes) / 9 FROM settled_column WHERE sweep = ?1 AND metric = 0 ORDER BY block",
        [&](const Row& row) {
          const uint64_t block = row.number(0);
          if (unsettled < block * kBlockTrials) gaps.emplace_back(unsettled, block * kBlockTrials);
          unsettled = (block + 1) * kBlockTrials;
          end_ = block * kBlockTrials + row.number(1);
          blocks_[block];
        },
        sweep_);
  }
  gaps.emplace_back(unsettled, INT64_MAX);
  for (const auto& [from, to] : gaps) {
    if (status.ok()) status = ReadRows(from, to);
  }
  if (status.ok()) status = ReadNames();
  return status;
}

absl::Status Outcomes::ReadRows(uint64_t from, uint64_t to) {
  return reader_->Each(
      kSelectOutcomes,
      [this](const Row& row) {
        const uint64_t number = row.number(0) / kBlockTrials;
        std::optional<OutcomeBlock>& block = blocks_[number];
        if (!block) block.emplace().first = number * kBlockTrials;
        end_ = std::max(end_, row.number(0) + 1);
        return block->Add(row);
      },
      sweep_, from, to);
}

absl::Status Outcomes::ReadNames() {
  std::map<uint32_t, std::string> names;
  absl::Status status = reader_->Each(
      "SELECT DISTINCT metric FROM settled_column WHERE sweep = ?1 AND metric <> 0",
      [&](const Row& row) { names[static_cast<uint32_t>(row.number(0))]; }, sweep_);
  for (const auto& [number, block] : blocks_) {
    if (!block) continue;
    for (const auto& [symbol, values] : block->metrics) names[symbol];
  }
  for (auto& [symbol, name] : names) {
    if (!status.ok()) return status;
    status = reader_->Each(
        "SELECT text FROM symbol WHERE key = ?1",
        [this, symbol = symbol](const Row& row) { symbols_[row.string(0)] = static_cast<uint32_t>(symbol); }, symbol);
  }
  if (status.ok() && symbols_.size() != names.size()) return absl::DataLossError("the database lacks a metric's name");
  return status;
}

template <typename OnSettled, typename OnOpen>
absl::Status Outcomes::EachBlock(uint32_t metric, OnSettled settled, OnOpen open) {
  absl::StatusOr<Statement> column =
      reader_->Prepare("SELECT bytes FROM settled_column WHERE sweep = ?1 AND block = ?2 AND metric = ?3");
  if (!column.ok()) return column.status();
  for (const auto& [number, block] : blocks_) {
    if (block) {
      open(*block);
      continue;
    }
    const absl::Status status =
        column->Each([&, first = number * kBlockTrials](const Row& row) { return settled(first, row.blob(0)); }, sweep_,
                     number, metric);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Outcomes::ReadEnds(const OnEnds& on_ends) {
  std::vector<uint8_t> states;
  std::vector<double> objectives;
  return EachBlock(
      0,
      [&](uint64_t first, std::string_view bytes) {
        absl::Status status = UnpackEnds(bytes, &states, &objectives);
        if (status.ok()) on_ends(first, states, objectives);
        return status;
      },
      [&](const OutcomeBlock& block) { on_ends(block.first, block.states, block.objectives); });
}

absl::Status Outcomes::ReadMetric(const std::string& name, const OnValues& on_values) {
  const auto symbol = symbols_.find(name);
  if (symbol == symbols_.end()) return absl::OkStatus();
  std::vector<double> values;
  return EachBlock(
      symbol->second,
      [&](uint64_t first, std::string_view bytes) {
        absl::Status status = UnpackValues(bytes, &values);
        if (status.ok()) on_values(first, values);
        return status;
      },
      [&](const OutcomeBlock& block) {
        const auto column = block.metrics.find(symbol->second);
        if (column != block.metrics.end()) on_values(block.first, column->second);
      });
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrialOutcomes>> ReadOutcomes(ReaderPool::Reader reader, const core::SweepId& sweep) {
  auto outcomes = std::make_unique<Outcomes>(std::move(reader));
  const absl::Status status = outcomes->Open(sweep);
  if (!status.ok()) return status;
  return outcomes;
}

}  // namespace basin::server::store
