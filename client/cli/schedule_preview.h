#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "client/format/line_chart.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::client::cli {

// The learning rate over one training.
struct RateCurve {
  uint64_t config = 0;     // The first config that trains with it.
  std::string schedule;    // As users write it: `cosine`.
  std::string batch_size;  // A number or `full`.
  double base_rate = 0;    // Scaled with the batch size, where the workload says so.
  contract::TrainingLength length;
  std::unique_ptr<contract::Schedule> factor;
  bool depends_on_results = false;  // A plateau rule may lower the rates, or end the training.

  // For step < length.total_steps.
  double Rate(uint64_t step) const { return base_rate * factor->Factor(step); }
  double Epoch(uint64_t step) const { return static_cast<double>(step) / static_cast<double>(length.steps_per_epoch); }
};

// The distinct curves of a sweep's configs, in the order of the configs. `train_size` is the number of examples in the
// training part; without it, that of a data set whose size is known. INVALID_ARGUMENT when it is not known, when a
// schedule does not fit the length, or when there are more than kMostCurves curves.
inline constexpr size_t kMostCurves = 1000;
absl::StatusOr<std::vector<RateCurve>> RateCurves(const v1::SweepSpec& spec, std::optional<uint64_t> train_size);

// A curve in a few characters: ▁▂▃▄▅▆▇█, `width` of them, from zero to the curve's top. Each shows the highest rate of
// its part of the training.
std::string Sparkline(const RateCurve& curve, size_t width);

// A curve in `height` lines of `width` characters, from zero to the curve's top (see format::TextPlot). A column shows
// the highest rate of its part of the training.
std::string TextPlot(const RateCurve& curve, size_t width, size_t height);

// A drawing of the curves over the epochs.
format::LineChart ChartOf(const std::vector<RateCurve>& curves, const std::string& title);

}  // namespace basin::client::cli
