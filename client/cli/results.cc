#include "client/cli/results.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/number_check.h"
#include "client/cli/param_names.h"
#include "client/cli/param_values.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "proto/contract/metric_names.h"

namespace basin::client::cli {
namespace {

using format::Cell;
using format::Column;
using In = format::Column::In;

// Metrics that a table shows beside the objective.
constexpr const char* kBeside[] = {"val_accuracy", "test_accuracy"};

// Both ends with the four decimals of the other columns, where these say enough.
std::string IntervalText(double low, double high) {
  char buffer[128];
  const bool ordinary = std::fabs(high) >= 1e-3 && std::fabs(low) < 1e5 && std::fabs(high) < 1e5;
  std::snprintf(buffer, sizeof(buffer), ordinary ? "%.4f .. %.4f" : "%.4g .. %.4g", low, high);
  return buffer;
}

// Defines the columns once, and fills a row's cells in the same order.
class ResultColumns {
 public:
  ResultColumns(const v1::Sweep& sweep, const v1::ListResultsResponse& first, const ResultsQuery& query)
      : at_best_(sweep.spec().objective().at() == v1::Objective::AT_BEST),
        metric_(ObjectiveMetric(sweep.spec().objective())),
        metrics_(contract::MetricNames(sweep.spec().base())),
        param_paths_(first.param_paths().begin(), first.param_paths().end()),
        grouped_(!query.by.empty()) {
    for (const v1::ResultRow& row : first.results()) {
      for (const auto& [name, unused] : row.metrics()) {
        if (std::find(metrics_.begin(), metrics_.end(), name) == metrics_.end()) metrics_.push_back(name);
      }
    }
    const std::string sort = query.sort.starts_with('-') ? query.sort.substr(1) : query.sort;
    // The objective's own column tells what it is sorted by, where it is of the same epoch.
    const bool shown = sort == metric_ && !at_best_;
    if (!shown && IsMetric(sort) && !IsParam(sort)) sorted_by_ = sort;
  }

  std::vector<Column> Columns() const {
    std::vector<Column> columns;
    columns.push_back(
        {.name = "mark", .title = " ", .in = In::kTable, .color = [](const Cell&) { return format::Color::kGreen; }});
    columns.push_back({.name = "config", .in = grouped_ ? In::kData : In::kAll});
    const std::vector<std::string> names = ShortNames(param_paths_);
    for (size_t i = 0; i < names.size(); ++i) {
      columns.push_back({.name = names[i], .json = {"params", param_paths_[i]}});
    }
    columns.push_back({.name = "objective", .in = In::kData});
    columns.push_back({.name = "n"});
    columns.push_back({.name = "mean", .title = (at_best_ ? "MEAN BEST " : "MEAN ") + Upper(metric_)});
    columns.push_back({.name = "std"});
    columns.push_back({.name = "interval", .title = "95% INTERVAL", .in = In::kTable});
    columns.push_back({.name = "ci_low", .in = In::kData});
    columns.push_back({.name = "ci_high", .in = In::kData});
    if (!sorted_by_.empty()) {
      columns.push_back({.name = "n", .title = "N " + Upper(sorted_by_), .in = In::kTable});
      columns.push_back({.name = sorted_by_, .in = In::kTable});
    }
    for (const char* name : kBeside) {
      if (Beside(name)) columns.push_back({.name = name, .in = In::kTable, .hide_blank = true});
    }
    columns.push_back({.name = "succeeded", .in = In::kData});
    for (const char* name : {"diverged", "pruned", "failed", "unfinished", "cancelled"}) {
      columns.push_back({.name = name, .hide_blank = true});
    }
    columns.push_back({.name = "best", .in = In::kData});
    for (const std::string& name : metrics_) {
      for (const char* part : {"n", "mean", "std", "ci_low", "ci_high"}) {
        columns.push_back({.name = name + "_" + part, .json = {"metrics", name, part}, .in = In::kData});
      }
    }
    return columns;
  }

  std::vector<Cell> Cells(const v1::ResultRow& row) const {
    const v1::Aggregate& objective = row.objective();
    std::vector<Cell> cells;
    cells.push_back(row.best() ? std::string("*") : std::string());
    cells.push_back(row.has_config() ? Cell(uint64_t{row.config()}) : Cell());
    for (size_t i = 0; i < param_paths_.size(); ++i) {
      cells.push_back(static_cast<int>(i) < row.params_size() ? format::CellFromText(row.params(static_cast<int>(i)))
                                                              : Cell());
    }
    cells.push_back(metric_);
    cells.push_back(uint64_t{objective.n()});
    cells.push_back(Mean(objective));
    cells.push_back(objective.has_std() ? Cell(objective.std()) : Cell());
    cells.push_back(objective.has_ci_low() && objective.has_ci_high()
                        ? Cell(IntervalText(objective.ci_low(), objective.ci_high()))
                        : Cell());
    cells.push_back(objective.has_ci_low() ? Cell(objective.ci_low()) : Cell());
    cells.push_back(objective.has_ci_high() ? Cell(objective.ci_high()) : Cell());
    if (!sorted_by_.empty()) {
      const v1::Aggregate sorted_by = Metric(row, sorted_by_);
      cells.push_back(uint64_t{sorted_by.n()});
      cells.push_back(Mean(sorted_by));
    }
    for (const char* name : kBeside) {
      if (Beside(name)) cells.push_back(Mean(Metric(row, name)));
    }
    for (const uint64_t count :
         {row.succeeded(), row.diverged(), row.pruned(), row.failed(), row.unfinished(), row.cancelled()}) {
      cells.push_back(count);
    }
    cells.push_back(row.best());
    for (const std::string& name : metrics_) {
      const v1::Aggregate a = Metric(row, name);
      cells.push_back(uint64_t{a.n()});
      cells.push_back(Mean(a));
      cells.push_back(a.has_std() ? Cell(a.std()) : Cell());
      cells.push_back(a.has_ci_low() ? Cell(a.ci_low()) : Cell());
      cells.push_back(a.has_ci_high() ? Cell(a.ci_high()) : Cell());
    }
    return cells;
  }

 private:
  static std::string Upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  }
  static Cell Mean(const v1::Aggregate& a) { return a.has_mean() ? Cell(a.mean()) : Cell(); }
  static v1::Aggregate Metric(const v1::ResultRow& row, const std::string& name) {
    const auto at = row.metrics().find(name);
    return at == row.metrics().end() ? v1::Aggregate() : at->second;
  }
  bool Beside(const std::string& name) const { return name != metric_ && name != sorted_by_ && IsMetric(name); }
  bool IsMetric(const std::string& name) const {
    return std::find(metrics_.begin(), metrics_.end(), name) != metrics_.end();
  }
  // As the server reads a field, a param goes before a metric.
  bool IsParam(const std::string& name) const {
    return std::any_of(param_paths_.begin(), param_paths_.end(),
                       [&](const std::string& path) { return path == name || path.ends_with("." + name); });
  }

  const bool at_best_;
  const std::string metric_;
  std::vector<std::string> metrics_;
  const std::vector<std::string> param_paths_;
  const bool grouped_;
  std::string sorted_by_;  // A metric that the other columns of the table do not tell; or empty.
};

// What there would be to compare, when no row is.
std::string NothingMeets(const v1::Sweep& sweep, const std::vector<std::string>& where) {
  constexpr size_t kMostValues = 12;
  const auto space = contract::Space::Create(sweep.spec());
  std::string text = "No config of which a trial has begun meets " + std::string(where.size() == 1 ? "" : "all of ");
  for (const std::string& condition : where) text += (condition == where.front() ? "" : ", ") + condition;
  text += ".";
  if (!space.ok()) return text;
  std::vector<std::string> told;
  for (const std::string& condition : where) {
    const std::string field = condition.substr(0, condition.find_first_of("=!<> "));
    for (const std::string& path : (*space)->ParamPaths()) {
      if (path != field && !path.ends_with("." + field)) continue;
      if (std::find(told.begin(), told.end(), path) != told.end()) continue;
      told.push_back(path);
      text += " " + field + " is one of " + ParamValuesText(**space, path, kMostValues) + ".";
    }
  }
  return text;
}

// What the rows do not say of their sweep.
void NoteState(Context& context, const v1::Sweep& sweep, const ResultsQuery& query, uint64_t rows) {
  if (rows == 0 && !query.where.empty()) context.Note(NothingMeets(sweep, query.where));
  if (rows > 0 && context.human() && sweep.spec().objective().at() == v1::Objective::AT_BEST) {
    context.Note("Means of " + ObjectiveMetric(sweep.spec().objective()) +
                 " are of each trial's best epoch (objective: at: best); other metrics are those of its end.");
  }
  if (!HasEnded(sweep) || sweep.state() == v1::SWEEP_STATE_CANCELLED) {
    context.Note("The sweep is " + StateName(sweep.state()) + ", " + CountsText(sweep.trials()) + ".");
  } else if (sweep.state() == v1::SWEEP_STATE_FAILED) {
    context.Warn("The sweep failed: " + sweep.message());
  }
  if (HasEnded(sweep) && query.by.empty() && query.where.empty() && rows < sweep.configs()) {
    context.Note(format::Count(sweep.configs() - rows, "config") + " without a row: no trial of theirs began.");
  }
}

}  // namespace

absl::Status PrintResults(Context& context, const ResultsQuery& query) {
  const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(query.sweep);
  if (!sweep.ok()) return sweep.status();
  v1::ListResultsRequest request;
  request.set_sweep(sweep->id());
  for (const std::string& field : query.by) request.add_by(field);
  for (const std::string& condition : query.where) request.add_where(condition);
  request.set_sort(query.sort);

  std::optional<ResultColumns> columns;
  std::unique_ptr<format::RowWriter> rows;
  uint64_t total = 0;
  uint64_t left = query.top == 0 ? UINT64_MAX : query.top;
  do {
    request.set_page_size(static_cast<uint32_t>(std::min<uint64_t>(left, 1000)));
    const absl::StatusOr<v1::ListResultsResponse> page = context.client().Results(request);
    if (!page.ok()) return page.status();
    if (!columns) {
      total = page->total_rows();
      columns.emplace(*sweep, *page, query);
      rows = context.Rows(columns->Columns());
    }
    for (const v1::ResultRow& row : page->results()) {
      if (left == 0) break;
      --left;
      rows->Add(columns->Cells(row));
    }
    request.set_page_token(page->next_page_token());
  } while (left > 0 && !request.page_token().empty());
  rows->Finish();
  context.out().flush();
  NoteState(context, *sweep, query, total);
  return absl::OkStatus();
}

Command ResultsCommand() {
  return {
      .name = "results",
      .group = "Look at sweeps",
      .summary = "Compare configs: mean, spread and 95% interval over seeds, the best marked *",
      .example =
          "basin results k3f9\n"
          "basin results k3f9 --by batch_size         # configs of one batch size averaged, seed by seed\n"
          "basin results k3f9 --where 'schedule=cosine,batch_size<100' --top 5\n"
          "basin results k3f9 --sort -val_accuracy --format csv > results.csv",
      .define = [](CLI::App& app) -> Action {
        struct Options {
          ResultsQuery query;
          std::vector<std::string> by, where;
        };
        auto options = std::make_shared<Options>();
        app.add_option("ID", options->query.sweep, "The sweep: its id, the beginning of it, or its name")->required();
        app.add_option("--by", options->by, "Group configs by these fields")->option_text("FIELD,...");
        app.add_option("--where", options->where, "Only configs with FIELD=VALUE, !=, <, <=, >, >= (all of them)")
            ->option_text("CONDITION,...");
        app.add_option("--sort", options->query.sort, "A field, mean, std, n or a metric; -FIELD reverses")
            ->option_text("FIELD");
        app.add_option("--top", options->query.top, "Only the first N rows")->option_text("N")->check(WholeNumber(1));
        for (CLI::Option* option : app.get_options()) {
          if (option->get_name() == "--by" || option->get_name() == "--where") option->expected(1)->take_all();
        }
        return [options](Context& context) -> absl::StatusOr<int> {
          ResultsQuery query = options->query;
          for (const std::string& text : options->by) {
            for (std::string& piece : SplitList(text)) query.by.push_back(std::move(piece));
          }
          for (const std::string& text : options->where) {
            for (std::string& piece : SplitList(text)) query.where.push_back(std::move(piece));
          }
          const absl::Status status = PrintResults(context, query);
          if (!status.ok()) return status;
          return api::kOk;
        };
      }};
}

}  // namespace basin::client::cli
