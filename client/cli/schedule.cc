#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/new_file.h"
#include "client/cli/number_check.h"
#include "client/cli/schedule_preview.h"
#include "client/cli/spec_source.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

constexpr uint64_t kMostRows = 20'000'000;
constexpr size_t kSparkWidth = 40;
constexpr size_t kPlotWidth = 64, kPlotHeight = 8;

struct Options {
  std::string spec;
  uint64_t train_size = 0;
  std::string out;
  bool plot = false;
};

void WriteSteps(const std::vector<RateCurve>& curves, format::RowWriter& rows, const std::ostream& out) {
  for (const RateCurve& curve : curves) {
    for (uint64_t step = 0; step < curve.length.total_steps && out; ++step) {
      rows.Add({curve.config, curve.schedule, format::CellFromText(curve.batch_size), step, curve.Epoch(step),
                format::Number{format::JsonOf(curve.Rate(step))}});
    }
  }
  rows.Finish();
}

std::vector<format::Column> StepColumns() {
  return {{.name = "config"}, {.name = "schedule"}, {.name = "batch_size"},
          {.name = "step"},   {.name = "epoch"},    {.name = "learning_rate"}};
}

// A row a curve, when the steps go to a file.
void WriteSummary(Context& context, const std::vector<RateCurve>& curves) {
  const auto rows = context.Rows({{.name = "config"},
                                  {.name = "schedule"},
                                  {.name = "batch_size"},
                                  {.name = "steps"},
                                  {.name = "steps_per_epoch"},
                                  {.name = "first"},
                                  {.name = "last"},
                                  {.name = "curve", .in = format::Column::In::kTable}});
  for (const RateCurve& curve : curves) {
    rows->Add({curve.config, curve.schedule, format::CellFromText(curve.batch_size), uint64_t{curve.length.total_steps},
               uint64_t{curve.length.steps_per_epoch}, curve.Rate(0), curve.Rate(curve.length.total_steps - 1),
               Sparkline(curve, kSparkWidth)});
  }
  rows->Finish();
}

void DrawPlots(const std::vector<RateCurve>& curves, std::ostream& out) {
  for (const RateCurve& curve : curves) {
    if (&curve != &curves.front()) out << "\n";
    out << "config " << curve.config << ": " << curve.schedule << ", batch size " << curve.batch_size << ", "
        << format::Count(curve.length.total_steps, "step") << "\n"
        << TextPlot(curve, kPlotWidth, kPlotHeight);
  }
}

absl::Status WriteFile(const std::string& path, const std::vector<RateCurve>& curves, const std::string& title) {
  const bool json = path.ends_with(".json"), svg = path.ends_with(".svg");
  if (!json && !svg && !path.ends_with(".csv")) {
    return absl::InvalidArgumentError("--out takes a .csv, .json or .svg file, not " + path);
  }
  NewFile file(path);
  if (svg) {
    file.stream() << format::SvgOf(ChartOf(curves, title));
  } else {
    const auto rows = format::RowWriter::Create(json ? format::Format::kJson : format::Format::kCsv, StepColumns(), {},
                                                &file.stream());
    WriteSteps(curves, *rows, file.stream());
  }
  return file.Finish();
}

absl::StatusOr<int> Schedule(Context& context, const Options& options) {
  if (options.plot && !context.human()) {
    return absl::InvalidArgumentError("--plot draws for readers; leave it away to get the steps as " +
                                      context.format());
  }
  const absl::StatusOr<v1::SweepSpec> spec = LoadSpec(options.spec, *context.environment().in);
  if (!spec.ok()) return spec.status();
  const auto curves = RateCurves(
      *spec, options.train_size == 0 ? std::optional<uint64_t>() : std::optional<uint64_t>(options.train_size));
  if (!curves.ok()) return curves.status();
  uint64_t steps = 0;
  for (const RateCurve& curve : *curves) {
    if (curve.length.total_steps > kMostRows - std::min(kMostRows, steps)) {
      return absl::InvalidArgumentError("there are more than " + std::to_string(kMostRows) +
                                        " steps to show; shorten the training or the sweep");
    }
    steps += curve.length.total_steps;
  }
  for (const RateCurve& curve : *curves) {
    if (!curve.depends_on_results) continue;
    context.Note("config " + std::to_string(curve.config) + ": " + curve.schedule +
                 " depends on results; the rates shown are those before it lowers them");
  }
  if (options.plot) {
    DrawPlots(*curves, context.out());
    return api::kOk;
  }
  if (options.out.empty()) {
    const auto rows = context.Rows(StepColumns());
    WriteSteps(*curves, *rows, context.out());
    return api::kOk;
  }
  const absl::Status status = WriteFile(options.out, *curves, spec->name());
  if (!status.ok()) return status;
  WriteSummary(context, *curves);
  context.Note(format::Count(steps, "step") + " written to " + options.out);
  return api::kOk;
}

}  // namespace

Command ScheduleCommand() {
  return {.name = "schedule",
          .group = "Run sweeps",
          .summary = "The learning rate of every step, before anything is submitted; needs no server",
          .example =
              "basin schedule sweep.yaml | less\n"
              "basin schedule sweep.yaml --plot\n"
              "basin schedule sweep.yaml --out rates.svg\n"
              "basin schedule my-data.yaml --train-size 50000 --format csv > rates.csv",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("SPEC", options->spec, "The sweep file (YAML or JSON); - reads standard input")
                ->required()
                ->option_text("SPEC");
            app.add_option("--train-size", options->train_size,
                           "Examples in the training part; known for digits and mnist")
                ->option_text("N")
                ->check(WholeNumber(1));
            app.add_option("--out", options->out, "Write the steps to this .csv, .json or .svg; print a line a curve")
                ->option_text("FILE");
            app.add_flag("--plot", options->plot, "Draw each curve as text instead of printing its steps")
                ->excludes("--out");
            return [options](Context& context) { return Schedule(context, *options); };
          }};
}

}  // namespace basin::client::cli
