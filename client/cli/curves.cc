#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/curve_reader.h"
#include "client/cli/learning_curve.h"
#include "client/cli/new_file.h"
#include "client/cli/number_check.h"
#include "client/cli/param_names.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "client/format/text_plot.h"

namespace basin::client::cli {
namespace {

using format::Cell;

constexpr size_t kTopOfPlots = 8;
constexpr size_t kMostGrey = 100;
constexpr size_t kMostPoints = 1000;  // Of a line.
constexpr size_t kPlotWidth = 64, kPlotHeight = 6;

struct Options {
  std::string sweep, metric, out;
  uint64_t top = 0;  // 0: as usual.
};

absl::Status NoPoints(const CurveReader& reader) {
  return absl::FailedPreconditionError(
      absl::StrCat("sweep ", reader.sweep().id(), " has no points of ", reader.metric(),
                   ": no trial has reported any yet, or the server has deleted them since"));
}

// "batch_size=16 schedule=cosine", or nothing in a sweep of one config.
std::string ParamsOf(const v1::ResultRow& row, const std::vector<std::string>& paths) {
  const std::vector<std::string> names = ShortNames(paths);
  std::string text;
  for (size_t i = 0; i < names.size() && static_cast<int>(i) < row.params_size(); ++i) {
    const std::string& value = row.params(static_cast<int>(i));
    if (!value.empty()) absl::StrAppend(&text, text.empty() ? "" : " ", names[i], "=", value);
  }
  return text;
}

// "1. config 8, val_loss 0.05232 after 30 epochs (mean of 5): batch_size=128 schedule=constant".
std::string NameOf(const CurveReader& reader, uint64_t rank, const v1::ResultRow& row,
                   const std::vector<LearningCurve::Point>& points) {
  std::string name = absl::StrCat(rank, ". config ", row.config());
  const auto last = std::find_if(points.rbegin(), points.rend(), [](const auto& p) { return p.over_seeds.mean; });
  if (last != points.rend()) {
    const std::string unit = reader.sweep().spec().base().has_surface() ? "steps" : "epochs";
    absl::StrAppend(&name, ", ", reader.metric(), " ", format::HumanReal(*last->over_seeds.mean), " after ",
                    format::HumanReal(last->epoch), " ", unit, " (mean of ", last->over_seeds.n, ")");
  }
  const std::string params = ParamsOf(row, reader.param_paths());
  return params.empty() ? name : absl::StrCat(name, ": ", params);
}

absl::StatusOr<format::LineChart> ReadChart(CurveReader& reader, size_t top, size_t most_grey) {
  const std::string x = reader.sweep().spec().base().has_surface() ? "step" : "epoch";
  format::LineChart chart{.title = absl::StrCat(reader.sweep().spec().name(), " ", reader.sweep().id(), ": ",
                                                reader.metric(), ", the best configs first"),
                          .x_label = x,
                          .y_label = reader.metric() + ", mean over the seeds, its 95% interval shaded"};
  uint64_t rank = 0;
  const absl::Status status =
      reader.ForEach([&](const v1::ResultRow& row, const std::vector<LearningCurve::Point>& points) {
        ++rank;
        std::vector<format::ChartPoint> means = ChartPoints(points, kMostPoints);
        if (!means.empty()) {
          const bool best = rank <= top;
          (best ? chart.lines : chart.background).push_back({NameOf(reader, rank, row, points), std::move(means)});
        }
        return rank < top + most_grey;
      });
  if (!status.ok()) return status;
  if (chart.lines.empty()) return NoPoints(reader);
  chart.background_name = format::Count(chart.background.size(), "config") + " after them";
  chart.logarithmic_y = WantsLogarithms(reader.metric(), chart.lines);
  if (!chart.logarithmic_y) return chart;
  // Zeros among the others have no place on it.
  for (format::ChartLine& line : chart.background) {
    std::erase_if(line.points, [](const format::ChartPoint& point) { return !(point.y > 0); });
  }
  return chart;
}

void Plot(const format::LineChart& chart, std::ostream& out) {
  double low = std::numeric_limits<double>::infinity(), high = -low, end = 0;
  size_t most = 1;
  for (const format::ChartLine& line : chart.lines) {
    most = std::max(most, line.points.size());
    for (const format::ChartPoint& point : line.points) {
      low = std::min(low, point.y), high = std::max(high, point.y), end = std::max(end, point.x);
    }
  }
  const auto scale = format::AxisScale::Around(low, high, chart.logarithmic_y);
  const std::string end_text =
      absl::StrCat(format::HumanReal(end), " ", chart.x_label, "s", chart.logarithmic_y ? ", logarithmic scale" : "");
  for (const format::ChartLine& line : chart.lines) {
    if (&line != &chart.lines.front()) out << "\n";
    out << line.name << "\n"
        << format::TextPlot(Columns(line.points, end, std::min(most, kPlotWidth)), kPlotHeight, scale, end_text);
  }
}

absl::Status WriteRows(Context& context, CurveReader& reader, uint64_t top) {
  std::vector<format::Column> columns = {{.name = "config"}};
  const std::vector<std::string> names = ShortNames(reader.param_paths());
  for (size_t i = 0; i < names.size(); ++i) {
    columns.push_back({.name = names[i], .json = {"params", reader.param_paths()[i]}});
  }
  for (const char* name : {"epoch", "step", "n", "mean", "ci_low", "ci_high"}) columns.push_back({.name = name});
  const auto rows = context.Rows(std::move(columns));
  const auto cell = [](const std::optional<double>& value) { return value ? Cell(*value) : Cell(); };
  uint64_t rank = 0;
  const absl::Status status =
      reader.ForEach([&](const v1::ResultRow& row, const std::vector<LearningCurve::Point>& points) {
        std::vector<Cell> settings = {uint64_t{row.config()}};
        for (int i = 0; i < static_cast<int>(names.size()); ++i) {
          settings.push_back(i < row.params_size() ? format::CellFromText(row.params(i)) : Cell());
        }
        for (const LearningCurve::Point& point : points) {
          const contract::Aggregate& values = point.over_seeds;
          std::vector<Cell> cells = settings;
          cells.insert(cells.end(), {point.epoch, uint64_t{point.step}, uint64_t{values.n}, cell(values.mean),
                                     cell(values.ci_low), cell(values.ci_high)});
          rows->Add(cells);
        }
        return ++rank != top && static_cast<bool>(context.out());
      });
  if (status.ok()) rows->Finish();
  return status;
}

absl::Status WritePicture(Context& context, CurveReader& reader, const Options& options) {
  NewFile file(options.out);
  if (!file.status().ok()) return file.status();
  const absl::StatusOr<format::LineChart> chart =
      ReadChart(reader, options.top == 0 ? kTopOfPlots : options.top, kMostGrey);
  if (!chart.ok()) return chart.status();
  file.stream() << (options.out.ends_with(".svg") ? format::SvgOf(*chart) : format::HtmlOf(*chart));
  const absl::Status status = file.Finish();
  if (!status.ok()) return status;
  context.Note(absl::StrCat(format::Count(chart->lines.size() + chart->background.size(), "curve"), " of ",
                            format::Count(reader.configs(), "config"), " written to ", options.out));
  return absl::OkStatus();
}

absl::StatusOr<int> Curves(Context& context, const Options& options) {
  const bool picture = !options.out.empty();
  if (picture && !options.out.ends_with(".svg") && !options.out.ends_with(".html")) {
    return absl::InvalidArgumentError("--out takes an .svg or .html file, not " + options.out);
  }
  const bool plot = context.format() == "plot";
  if (picture && !plot) return absl::InvalidArgumentError("--out draws a picture; leave --format away, or --out");
  if ((picture || plot) && options.top > format::kMostColored) {
    return absl::InvalidArgumentError(absl::StrCat("--top must be at most ", format::kMostColored,
                                                   " curves that can be told apart, is ", options.top));
  }
  absl::StatusOr<CurveReader> reader = CurveReader::Create(context, options.sweep, options.metric);
  if (!reader.ok()) return reader.status();
  absl::Status status;
  if (picture) {
    status = WritePicture(context, *reader, options);
  } else if (plot) {
    const absl::StatusOr<format::LineChart> chart =
        ReadChart(*reader, options.top == 0 ? kTopOfPlots : options.top, /*most_grey=*/0);
    if (chart.ok()) Plot(*chart, context.out());
    status = chart.status();
  } else {
    status = WriteRows(context, *reader, options.top);
  }
  if (!status.ok()) return status;
  if (!HasEnded(reader->sweep())) {
    context.Note("The sweep is " + StateName(reader->sweep().state()) + ", " + CountsText(reader->sweep().trials()) +
                 ".");
  }
  return api::kOk;
}

}  // namespace

Command CurvesCommand() {
  return {
      .name = "curves",
      .group = "Look at sweeps",
      .summary = "Learning curves: a metric over the training, a curve a config, averaged over its seeds",
      .example =
          "basin curves k3f9                                  # the best eight, drawn as text\n"
          "basin curves k3f9 --metric test_accuracy --out curves.html\n"
          "basin curves k3f9 --top 3 --format csv > curves.csv",
      .define = [](CLI::App& app) -> Action {
        auto options = std::make_shared<Options>();
        app.add_option("ID", options->sweep, "The sweep: its id, the beginning of it, or its name")->required();
        app.add_option("--metric", options->metric, "Which metric; without it the objective's")->option_text("NAME");
        app.add_option("--out", options->out, "Draw a picture into this .svg or .html, the other configs in grey")
            ->option_text("FILE");
        app.add_option("--top", options->top, "The N best configs alone; drawn are 8, as rows all")
            ->option_text("N")
            ->check(WholeNumber(1));
        return [options](Context& context) { return Curves(context, *options); };
      },
      .formats = {"plot", "table", "json", "csv"}};
}

}  // namespace basin::client::cli
