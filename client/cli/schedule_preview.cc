#include "client/cli/schedule_preview.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "client/format/axis_scale.h"
#include "client/format/human.h"
#include "client/format/text_plot.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/field_path.h"
#include "proto/contract/field_text.h"
#include "proto/contract/schedule/training_length.h"
#include "proto/contract/space.h"
#include "proto/contract/train_size.h"

namespace basin::client::cli {
namespace {

constexpr uint64_t kMostConfigs = 1'000'000;

// The training part's examples; of the well-known sets too, as they usually are.
std::optional<uint64_t> UsualTrainSize(const v1::Dataset& dataset) {
  if (dataset.has_teacher()) return contract::TrainSizeOf(dataset.teacher().examples(), false, dataset);
  if (dataset.name() == "mnist" || dataset.name() == "fashion-mnist") {
    return contract::TrainSizeOf(60000, true, dataset);
  }
  if (dataset.name() == "cifar-10" || dataset.name() == "cifar-100") {
    return contract::TrainSizeOf(50000, true, dataset);
  }
  return contract::TrainSize(dataset);
}

bool HasPlateau(const v1::Schedule& schedule) {
  if (schedule.has_warmup()) return HasPlateau(schedule.warmup().then());
  if (schedule.has_swa()) return HasPlateau(schedule.swa().until());
  for (const v1::SequenceSchedule::Part& part : schedule.sequence().parts()) {
    if (HasPlateau(part.schedule())) return true;
  }
  return schedule.has_plateau();
}

std::string TextOf(const char* path, const v1::Workload& workload) {
  const auto field = contract::ParseFieldPath(v1::Workload::descriptor(), path);
  if (!field.ok()) return "";
  return field->is_scalar() ? contract::FormatValue(contract::GetScalar(*field, workload))
                            : contract::DescribeField(*field, workload);
}

template <typename... Args>
std::string Print(const char* pattern, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof(buffer), pattern, args...);
  return buffer;
}

// The highest rate of each of so many equal parts of the training; of each step when there are fewer.
std::vector<double> HighestRates(const RateCurve& curve, size_t count) {
  const uint64_t steps = curve.length.total_steps;
  const uint64_t parts = std::min<uint64_t>(count, steps);
  std::vector<double> rates(parts, 0.0);
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t end = steps * (part + 1) / parts;
    for (uint64_t i = steps * part / parts; i < end; ++i) rates[part] = std::max(rates[part], curve.Rate(i));
  }
  return rates;
}

}  // namespace

absl::StatusOr<std::vector<RateCurve>> RateCurves(const v1::SweepSpec& spec, std::optional<uint64_t> train_size) {
  const auto space = contract::Space::Create(spec);
  if (!space.ok()) return space.status();
  if ((*space)->size() > kMostConfigs) {
    return absl::InvalidArgumentError("the sweep has " + std::to_string((*space)->size()) +
                                      " configs; a preview looks at a million at most");
  }
  std::vector<RateCurve> curves;
  std::set<std::string> seen;
  for (uint64_t config = 0; config < (*space)->size(); ++config) {
    const v1::Workload workload = (*space)->Resolve(config);
    if (!workload.has_train()) return absl::InvalidArgumentError("only the rates of `train` workloads are shown");
    const v1::TrainWorkload& train = workload.train();
    const std::optional<uint64_t> size = train_size ? train_size : UsualTrainSize(train.dataset());
    if (!size) {
      return absl::InvalidArgumentError("how many examples the training part of `" +
                                        contract::DatasetName(train.dataset()) +
                                        "` has is not known here; say it with --train-size");
    }
    const auto length = contract::LengthOfTraining(train, *size);
    if (!length.ok()) return length.status();
    const double base_rate = contract::BaseRate(train, *size);
    const std::string key = train.schedule().SerializeAsString() + train.averaging().swa().SerializeAsString() + "/" +
                            std::to_string(train.batch_size()) + "/" + contract::FormatNumber(base_rate) + "/" +
                            std::to_string(length->total_steps) + "/" + std::to_string(length->steps_per_epoch);
    if (!seen.insert(key).second) continue;
    if (curves.size() == kMostCurves) {
      return absl::InvalidArgumentError("the sweep has more than " + std::to_string(kMostCurves) + " different curves");
    }
    auto factor = contract::Schedule::Of(train, *length);
    if (!factor.ok()) return factor.status();
    curves.push_back({.config = config,
                      .schedule = TextOf("train.schedule", workload),
                      .batch_size = TextOf("train.batch_size", workload),
                      .base_rate = base_rate,
                      .length = *length,
                      .factor = *std::move(factor),
                      .depends_on_results = HasPlateau(train.schedule())});
  }
  return curves;
}

std::string Sparkline(const RateCurve& curve, size_t width) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::vector<double> rates = HighestRates(curve, width);
  const double top = *std::max_element(rates.begin(), rates.end());
  std::string out;
  for (const double rate : rates) {
    out += kBlocks[top > 0 ? std::clamp<int>(static_cast<int>(rate / top * 7.999), 0, 7) : 0];
  }
  return out;
}

std::string TextPlot(const RateCurve& curve, size_t width, size_t height) {
  const std::vector<double> rates = HighestRates(curve, width);
  const double top = *std::max_element(rates.begin(), rates.end());
  return format::TextPlot(rates, height, format::AxisScale(0, top > 0 ? top : 1, /*logarithmic=*/false),
                          Print("%.6g epochs", curve.Epoch(curve.length.total_steps)));
}

format::LineChart ChartOf(const std::vector<RateCurve>& curves, const std::string& title) {
  constexpr size_t kMostPoints = 2000;
  format::LineChart chart{.title = title + ": learning rate", .x_label = "epoch", .y_label = "learning rate"};
  for (const RateCurve& curve : curves) {
    std::vector<format::ChartLine>& lines = chart.lines.size() < format::kMostColored ? chart.lines : chart.background;
    lines.push_back({curve.schedule + ", batch " + curve.batch_size + ", rate " + format::HumanReal(curve.base_rate),
                     format::Thinned(curve.length.total_steps, kMostPoints, [&](uint64_t step) {
                       return format::ChartPoint{.x = curve.Epoch(step), .y = curve.Rate(step)};
                     })});
    // The last step's rate holds to the end of the training.
    const uint64_t steps = curve.length.total_steps;
    lines.back().points.push_back({.x = curve.Epoch(steps), .y = curve.Rate(steps - 1)});
  }
  chart.background_name = format::Count(chart.background.size(), "more curve");
  return chart;
}

}  // namespace basin::client::cli
