#include "client/cli/curve_reader.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/sweep_text.h"
#include "proto/contract/field_text.h"
#include "proto/contract/metric_names.h"

namespace basin::client::cli {

absl::StatusOr<LearningCurve> ReadCurve(api::Client& client, const v1::Sweep& sweep, uint64_t config,
                                        const std::string& metric) {
  LearningCurve curve;
  for (uint64_t seed = 0; seed < sweep.seeds(); ++seed) {
    const uint64_t trial = seed * sweep.configs() + config;
    const absl::Status status = client.Points(sweep.id(), trial, metric).ForEach([&](const v1::TrialPoint& point) {
      curve.Add(point.trial(), point.point());
      return true;
    });
    if (!status.ok()) return status;
  }
  return curve;
}

absl::StatusOr<CurveReader> CurveReader::Create(Context& context, const std::string& sweep, const std::string& metric) {
  absl::StatusOr<v1::Sweep> found = context.client().GetSweep(sweep);
  if (!found.ok()) return found.status();
  CurveReader reader(context, *std::move(found), metric);
  absl::Status status = reader.ReadPage("");
  if (status.ok()) status = reader.CheckMetric();
  if (!status.ok()) return status;
  reader.param_paths_.assign(reader.page_.param_paths().begin(), reader.page_.param_paths().end());
  return reader;
}

CurveReader::CurveReader(Context& context, v1::Sweep sweep, const std::string& metric)
    : context_(&context),
      sweep_(std::move(sweep)),
      metric_(metric.empty() ? ObjectiveMetric(sweep_.spec().objective()) : metric) {}

absl::Status CurveReader::CheckMetric() const {
  std::vector<std::string> names = contract::MetricNames(sweep_.spec().base());
  std::set<std::string> known(names.begin(), names.end());
  // Those that an option of a choice adds.
  for (const v1::ResultRow& row : page_.results()) {
    for (const auto& [name, unused] : row.metrics()) {
      if (known.insert(name).second) names.push_back(name);
    }
  }
  if (known.contains(metric_)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--metric must be one of the sweep's: ", absl::StrJoin(names, ", "),
                                                 "; is '", metric_, "'", contract::DidYouMean(metric_, names)));
}

absl::Status CurveReader::ForEach(
    const std::function<bool(const v1::ResultRow& row, const std::vector<LearningCurve::Point>& points)>& visit) {
  while (true) {
    for (const v1::ResultRow& row : page_.results()) {
      const absl::StatusOr<LearningCurve> curve = ReadCurve(context_->client(), sweep_, row.config(), metric_);
      if (!curve.ok()) return curve.status();
      if (!visit(row, curve->Points())) return absl::OkStatus();
    }
    if (page_.next_page_token().empty()) return absl::OkStatus();
    const absl::Status status = ReadPage(page_.next_page_token());
    if (!status.ok()) return status;
  }
}

absl::Status CurveReader::ReadPage(const std::string& token) {
  v1::ListResultsRequest request;
  request.set_sweep(sweep_.id());
  request.set_page_size(1000);
  request.set_page_token(token);
  absl::StatusOr<v1::ListResultsResponse> page = context_->client().Results(request);
  if (!page.ok()) return page.status();
  page_ = *std::move(page);
  return absl::OkStatus();
}

}  // namespace basin::client::cli
