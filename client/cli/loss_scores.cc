#include "client/cli/loss_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/learning_curve.h"
#include "client/cli/new_file.h"
#include "client/format/human.h"
#include "client/format/line_chart.h"
#include "client/format/npz.h"
#include "client/format/text_plot.h"

namespace basin::client::cli {
namespace {

constexpr size_t kPlotWidth = 64, kPlotHeight = 10;

void Plot(const ScoreLine& line, std::ostream& out) {
  const std::vector<double> values = MetricOf(line.trials, line.metric);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  const double begin = line.alphas.front(), end = line.alphas.back();
  out << line.title << "\n";
  if (low > high) {
    out << line.metric << " is nowhere finite\n";
    return;
  }
  // A column shows the place nearest to it.
  const size_t width = std::min(values.size(), kPlotWidth);
  std::vector<double> columns;
  for (size_t i = 0; i < width; ++i) {
    const double alpha =
        begin + (end - begin) * static_cast<double>(i) / static_cast<double>(std::max<size_t>(width - 1, 1));
    const auto nearest = std::min_element(line.alphas.begin(), line.alphas.end(), [&](double a, double b) {
      return std::abs(a - alpha) < std::abs(b - alpha);
    });
    const double value = values[static_cast<size_t>(nearest - line.alphas.begin())];
    columns.push_back(std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN());
  }
  const bool logarithmic = WantsLogarithms(line.metric, values);
  out << line.metric << (logarithmic ? ", logarithmic scale" : "") << "\n"
      << format::TextPlot(columns, kPlotHeight, format::AxisScale::Around(low, high, logarithmic),
                          absl::StrCat(format::HumanReal(end), " ", line.x_label), format::HumanReal(begin));
}

format::LineChart ChartOf(const ScoreLine& line) {
  format::LineChart chart{.title = line.title, .x_label = line.x_label, .y_label = "loss"};
  const bool accuracy = line.metric.ends_with("accuracy");
  if (accuracy) chart.y_label = "accuracy";
  std::vector<double> all;
  for (const std::string& score : LossScores()) {
    if (score.ends_with("accuracy") != accuracy) continue;
    const std::vector<double> values = MetricOf(line.trials, score);
    format::ChartLine& curve = chart.lines.emplace_back();
    curve.name = score;
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) curve.points.push_back({line.alphas[i], values[i]});
    }
    if (curve.points.empty()) chart.lines.pop_back();
    all.insert(all.end(), values.begin(), values.end());
  }
  chart.logarithmic_y = WantsLogarithms(line.metric, all);
  return chart;
}

}  // namespace

const std::vector<std::string>& LossScores() {
  static const auto* const scores =
      new std::vector<std::string>{"train_loss", "train_accuracy", "test_loss", "test_accuracy"};
  return *scores;
}

absl::Status CheckLossScore(const std::string& metric) {
  if (std::find(LossScores().begin(), LossScores().end(), metric) != LossScores().end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--metric is one of ", absl::StrJoin(LossScores(), ", "), ", not ", metric));
}

std::vector<double> MetricOf(const std::vector<v1::Trial>& trials, const std::string& metric) {
  std::vector<double> values;
  for (const v1::Trial& trial : trials) {
    const auto found = trial.metrics().find(metric);
    values.push_back(found == trial.metrics().end() ? std::numeric_limits<double>::quiet_NaN() : found->second);
  }
  return values;
}

void PrintScoreLine(Context& context, const ScoreLine& line) {
  if (context.format() == "plot") return Plot(line, context.out());
  std::vector<format::Column> columns = {{.name = "alpha"}};
  for (const std::string& score : LossScores()) columns.push_back({.name = score});
  const auto rows = context.Rows(std::move(columns));
  for (size_t i = 0; i < line.alphas.size(); ++i) {
    std::vector<format::Cell> cells = {line.alphas[i]};
    for (const std::string& score : LossScores()) cells.push_back(MetricOf({line.trials[i]}, score).front());
    rows->Add(cells);
  }
  rows->Finish();
}

absl::Status WriteScoreLine(const ScoreLine& line, const std::string& path) {
  NewFile file(path);
  if (!file.status().ok()) return file.status();
  if (path.ends_with(".npz")) {
    std::vector<format::NpzArray> arrays = {{"alpha", {line.alphas.size()}, line.alphas}};
    for (const std::string& score : LossScores()) {
      arrays.push_back({score, {line.alphas.size()}, MetricOf(line.trials, score)});
    }
    file.stream() << format::NpzOf(arrays);
    return file.Finish();
  }
  const format::LineChart chart = ChartOf(line);
  if (chart.lines.empty()) return absl::FailedPreconditionError(line.metric + " is nowhere finite: nothing to draw");
  file.stream() << (path.ends_with(".svg") ? format::SvgOf(chart) : format::HtmlOf(chart));
  return file.Finish();
}

absl::Status CheckPicturePath(const Context& context, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  if (!path.ends_with(".svg") && !path.ends_with(".html") && !path.ends_with(".npz")) {
    return absl::InvalidArgumentError("--out takes an .html, .svg or .npz file, not " + path);
  }
  if (context.chose_format()) {
    return absl::InvalidArgumentError("--out writes a file; leave --format away, or --out");
  }
  return absl::OkStatus();
}

}  // namespace basin::client::cli
