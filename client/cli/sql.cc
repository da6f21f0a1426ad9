#include <iterator>
#include <map>
#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/number_check.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

struct Options {
  std::string sql;
  uint64_t max_rows = 0;
};

format::Cell CellOf(const v1::SqlCell& cell) {
  switch (cell.kind_case()) {
    case v1::SqlCell::kInteger:
      return int64_t{cell.integer()};
    case v1::SqlCell::kReal:
      return cell.real();
    case v1::SqlCell::kText:
      return cell.text();
    case v1::SqlCell::kBlob: {
      static constexpr char kHex[] = "0123456789abcdef";
      std::string hex;
      for (const char c : cell.blob()) {
        const auto byte = static_cast<unsigned char>(c);
        hex += kHex[byte >> 4];
        hex += kHex[byte & 15];
      }
      return hex;
    }
    case v1::SqlCell::KIND_NOT_SET:
      break;
  }
  return {};
}

absl::StatusOr<int> Sql(Context& context, const Options& options) {
  std::string sql = options.sql;
  if (sql == "-") sql.assign(std::istreambuf_iterator<char>(*context.environment().in), {});
  std::unique_ptr<format::RowWriter> rows;
  size_t width = 0;
  const absl::StatusOr<bool> truncated =
      context.client().QuerySql(sql, options.max_rows,
                                {.columns =
                                     [&](const std::vector<std::string>& names) {
                                       std::vector<format::Column> columns;
                                       std::map<std::string, int> seen;  // An object's keys are distinct.
                                       for (const std::string& name : names) {
                                         const int n = ++seen[name];
                                         columns.push_back({.name = n == 1 ? name : name + "_" + std::to_string(n)});
                                       }
                                       width = columns.size();
                                       rows = context.Rows(std::move(columns));
                                     },
                                 .row =
                                     [&](const v1::SqlRow& row) {
                                       std::vector<format::Cell> cells(width);
                                       for (size_t i = 0; i < width && static_cast<int>(i) < row.cells_size(); ++i) {
                                         cells[i] = CellOf(row.cells(static_cast<int>(i)));
                                       }
                                       rows->Add(cells);
                                     }});
  if (!truncated.ok()) return truncated.status();
  if (rows) rows->Finish();
  context.out().flush();
  if (*truncated) context.Warn("There are more rows; --max-rows asks for more.");
  return api::kOk;
}

}  // namespace

Command SqlCommand() {
  return {.name = "sql",
          .group = "Look at sweeps",
          .summary =
              "Ask the database: a SELECT on the views sweeps, configs, trials, metrics, params, events, workers, "
              "artifacts, audit",
          .example =
              "basin sql \"SELECT state, count(*) FROM trials GROUP BY state\"\n"
              "basin sql \"SELECT * FROM metrics WHERE name = 'val_loss' LIMIT 5\" --format csv\n"
              "basin sql - < query.sql",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("SQL", options->sql, "The query; - reads standard input")->required();
            app.add_option("--max-rows", options->max_rows, "At most N rows; the default is 100000")
                ->option_text("N")
                ->check(WholeNumber(1));
            return [options](Context& context) { return Sql(context, *options); };
          }};
}

}  // namespace basin::client::cli
