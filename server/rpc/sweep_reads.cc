#include "server/rpc/sweep_reads.h"

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/contract/metric_names.h"
#include "proto/contract/version.h"
#include "server/rpc/page.h"
#include "server/runtime/sweep_view.h"
#include "server/statistics/group_results.h"
#include "server/store/outcome_block.h"

namespace basin::server::rpc {
namespace {

// Where one page of a list begins and how long it may be.
struct PageStart {
  core::SweepId sweep;  // Empty if the list is not one sweep's.
  uint32_t size = 0;
  std::string scope;
  std::vector<uint64_t> cursor{};  // As many numbers as asked for; zeros at the beginning.
};

absl::StatusOr<PageStart> ReadNumberedPage(const Parts& parts, const auto& request, size_t numbers) {
  absl::StatusOr<core::SweepId> sweep = parts.board->FindSweep(request.sweep());
  if (!sweep.ok()) return sweep.status();
  const absl::StatusOr<uint32_t> size = ReadPageSize(request.page_size());
  if (!size.ok()) return size.status();
  PageStart page{.sweep = *sweep, .size = *size, .scope = PageScope(request, *sweep)};
  page.cursor.resize(numbers);
  const absl::StatusOr<std::string> cursor = ReadPageToken(page.scope, request.page_token());
  if (!cursor.ok()) return cursor.status();
  if (cursor->empty()) return page;
  const std::vector<std::string> texts = absl::StrSplit(*cursor, ':');
  if (texts.size() != numbers) return BadPageToken();
  for (size_t i = 0; i < numbers; ++i) {
    if (!absl::SimpleAtoi(texts[i], &page.cursor[i])) return BadPageToken();
  }
  return page;
}

v1::Aggregate ToProto(const contract::Aggregate& aggregate) {
  v1::Aggregate proto;
  proto.set_n(aggregate.n);
  if (aggregate.mean) proto.set_mean(*aggregate.mean);
  if (aggregate.std) proto.set_std(*aggregate.std);
  if (aggregate.ci_low) proto.set_ci_low(*aggregate.ci_low);
  if (aggregate.ci_high) proto.set_ci_high(*aggregate.ci_high);
  return proto;
}

v1::ResultRow ToProto(const statistics::ResultRow& row) {
  v1::ResultRow proto;
  if (row.config) proto.set_config(*row.config);
  for (const std::string& param : row.params) proto.add_params(param);
  *proto.mutable_objective() = ToProto(row.objective);
  for (const auto& [name, aggregate] : row.metrics) (*proto.mutable_metrics())[name] = ToProto(aggregate);
  proto.set_succeeded(row.succeeded);
  proto.set_diverged(row.diverged);
  proto.set_pruned(row.pruned);
  proto.set_failed(row.failed);
  proto.set_unfinished(row.unfinished);
  proto.set_cancelled(row.cancelled);
  proto.set_best(row.best);
  return proto;
}

statistics::TrialEnd ToEnd(uint8_t state) {
  if (state == 0) return statistics::TrialEnd::kNone;
  switch (static_cast<core::TrialState>(state)) {
    case core::TrialState::kPending:
    case core::TrialState::kRunning:
      return statistics::TrialEnd::kUnfinished;
    case core::TrialState::kSucceeded:
      return statistics::TrialEnd::kSucceeded;
    case core::TrialState::kDiverged:
      return statistics::TrialEnd::kDiverged;
    case core::TrialState::kPruned:
      return statistics::TrialEnd::kPruned;
    case core::TrialState::kFailed:
      return statistics::TrialEnd::kFailed;
    case core::TrialState::kCancelled:
      return statistics::TrialEnd::kCancelled;
  }
  return statistics::TrialEnd::kUnfinished;
}

// What is stored, as statistics wants it.
class StoredColumns : public statistics::TrialColumns {
 public:
  explicit StoredColumns(store::TrialOutcomes* outcomes) : outcomes_(outcomes) {}

  uint64_t end() const override { return outcomes_->end(); }
  std::vector<std::string> MetricNames() const override { return outcomes_->metric_names(); }
  absl::Status ReadEnds(const OnEnds& on_ends) override {
    std::vector<statistics::TrialEnd> ends;
    return outcomes_->ReadEnds(
        [&](uint64_t first, std::span<const uint8_t> states, std::span<const double> objectives) {
          ends.resize(states.size());
          std::ranges::transform(states, ends.begin(), ToEnd);
          on_ends(first, ends, objectives);
        });
  }
  absl::Status ReadMetric(const std::string& name, const OnValues& on_values) override {
    static_assert(store::kNoValueBits == statistics::kNoValueBits);
    return outcomes_->ReadMetric(name, on_values);
  }

 private:
  store::TrialOutcomes* const outcomes_;
};

absl::StatusOr<statistics::ResultTable> ReadResults(const Parts& parts, const PageStart& page,
                                                    const v1::ListResultsRequest& request,
                                                    const core::SweepDefinition& definition) {
  const absl::StatusOr<v1::Sweep> sweep = parts.board->GetSweep(page.sweep);
  if (!sweep.ok()) return sweep.status();
  const absl::StatusOr<std::unique_ptr<store::TrialOutcomes>> outcomes = parts.queries->Outcomes(page.sweep);
  if (!outcomes.ok()) return outcomes.status();
  const contract::Space& space = *definition.space;
  const auto& seed_list = definition.spec.seeds().list().seeds();
  const statistics::ResultQuery query{
      .configs = definition.configs,
      .seeds = definition.seeds,
      .seed_list = {seed_list.begin(), seed_list.end()},
      .maximize = definition.maximize,
      .live = sweep->state() != v1::SWEEP_STATE_CANCELLED,  // One that FAILED goes on with them when it is retried.
      .param_paths = space.ParamPaths(),
      .metric_names = contract::MetricNames(space.Resolve(0)),
      .by = {request.by().begin(), request.by().end()},
      .where = {request.where().begin(), request.where().end()},
      .sort = request.sort(),
      .first_row = page.cursor[0],
      .max_rows = page.size};
  StoredColumns columns(outcomes->get());
  return statistics::GroupResults(query, space, columns);
}

}  // namespace

absl::Status ListTrials(const Parts& parts, const v1::ListTrialsRequest& request, v1::ListTrialsResponse* response) {
  const absl::StatusOr<PageStart> page = ReadNumberedPage(parts, request, 1);
  if (!page.ok()) return page.status();
  std::vector<core::TrialState> states;
  for (const int state : request.states()) states.push_back(static_cast<core::TrialState>(state));
  absl::StatusOr<std::vector<v1::Trial>> trials =
      parts.queries->Trials(page->sweep, page->cursor[0], states, page->size + 1);
  if (!trials.ok()) return trials.status();
  const size_t count = std::min<size_t>(page->size, CountThatFits(*trials));
  for (size_t i = 0; i < count; ++i) *response->add_trials() = std::move((*trials)[i]);
  if (count < trials->size()) {
    response->set_next_page_token(MakePageToken(page->scope, absl::StrCat((*trials)[count].index())));
  }
  return absl::OkStatus();
}

absl::Status ListMetricPoints(const Parts& parts, const v1::ListMetricPointsRequest& request,
                              v1::ListMetricPointsResponse* response) {
  const absl::StatusOr<PageStart> page = ReadNumberedPage(parts, request, 2);
  if (!page.ok()) return page.status();
  const std::optional<uint64_t> trial = request.has_trial() ? std::optional<uint64_t>(request.trial()) : std::nullopt;
  absl::StatusOr<store::Queries::PointPage> points = parts.queries->Points(
      page->sweep, trial, request.metric(), {.trial = page->cursor[0], .sequence = page->cursor[1]}, page->size);
  if (!points.ok()) return points.status();
  for (v1::TrialPoint& point : points->points) *response->add_points() = std::move(point);
  if (points->next) {
    response->set_next_page_token(
        MakePageToken(page->scope, absl::StrCat(points->next->trial, ":", points->next->sequence)));
  }
  return absl::OkStatus();
}

absl::Status ListArtifacts(const Parts& parts, const v1::ListArtifactsRequest& request,
                           v1::ListArtifactsResponse* response) {
  const absl::StatusOr<PageStart> page = ReadNumberedPage(parts, request, 3);
  if (!page.ok()) return page.status();
  const std::optional<uint64_t> trial = request.has_trial() ? std::optional<uint64_t>(request.trial()) : std::nullopt;
  absl::StatusOr<std::vector<v1::Artifact>> artifacts = parts.queries->Artifacts(
      page->sweep, trial, {.trial = page->cursor[0], .kind = page->cursor[1], .step = page->cursor[2]}, page->size + 1);
  if (!artifacts.ok()) return artifacts.status();
  const size_t count = std::min<size_t>(page->size, CountThatFits(*artifacts));
  for (size_t i = 0; i < count; ++i) *response->add_artifacts() = std::move((*artifacts)[i]);
  if (count < artifacts->size()) {
    const v1::Artifact& next = (*artifacts)[count];
    response->set_next_page_token(
        MakePageToken(page->scope, absl::StrCat(next.trial(), ":", static_cast<int>(next.kind()), ":", next.step())));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FindArtifact(const Parts& parts, const v1::DownloadArtifactRequest& request) {
  constexpr uint32_t kMostOfATrial = 100;
  const absl::StatusOr<core::SweepId> sweep = parts.board->FindSweep(request.sweep());
  if (!sweep.ok()) return sweep.status();
  const absl::StatusOr<std::vector<v1::Artifact>> artifacts =
      parts.queries->Artifacts(*sweep, request.trial(), {}, kMostOfATrial);
  if (!artifacts.ok()) return artifacts.status();
  std::vector<std::string> names;
  for (const v1::Artifact& artifact : *artifacts) {
    if (artifact.name() == request.name()) return artifact.sha256();
    names.push_back(artifact.name());
  }
  return absl::NotFoundError(absl::StrCat("trial ", *sweep, "/", request.trial(), " has no file '", request.name(),
                                          "'; it has ", names.empty() ? "none" : absl::StrJoin(names, ", ")));
}

absl::Status ListResults(const Parts& parts, const v1::ListResultsRequest& request, v1::ListResultsResponse* response) {
  const absl::StatusOr<PageStart> page = ReadNumberedPage(parts, request, 1);
  if (!page.ok()) return page.status();
  absl::StatusOr<v1::SweepSpec> spec = parts.queries->FindSpec(page->sweep);
  if (!spec.ok()) return spec.status();
  const absl::StatusOr<std::shared_ptr<const core::SweepDefinition>> definition =
      core::SweepDefinition::Create(*std::move(spec));
  if (!definition.ok()) return definition.status();
  absl::StatusOr<statistics::ResultTable> table = ReadResults(parts, *page, request, **definition);
  if (!table.ok()) return table.status();

  *response->mutable_objective() = (*definition)->spec.objective();
  for (const std::string& path : table->param_paths) response->add_param_paths(path);
  response->set_total_rows(table->total_rows);
  std::vector<v1::ResultRow> rows;
  for (const statistics::ResultRow& row : table->rows) rows.push_back(ToProto(row));
  const size_t count = CountThatFits(rows);
  for (size_t i = 0; i < count; ++i) *response->add_results() = std::move(rows[i]);
  if (count > 0 && page->cursor[0] + count < table->total_rows) {
    response->set_next_page_token(MakePageToken(page->scope, absl::StrCat(page->cursor[0] + count)));
  }
  return absl::OkStatus();
}

absl::Status GetServerInfo(const Parts& parts, v1::GetServerInfoResponse* response) {
  const absl::StatusOr<store::Queries::DatabaseInfo> info = parts.queries->Info();
  if (!info.ok()) return info.status();
  response->set_version(contract::kVersion);
  response->set_protocol_version(contract::kProtocolVersion);
  *response->mutable_started_at() = runtime::ToTimestamp(parts.started_at);
  response->set_database_bytes(info->bytes);
  response->set_schema_version(info->schema_version);
  *response->mutable_lease() = runtime::ToDuration(parts.lease);
  response->set_disk_full(parts.coordinator->load().disk_full);
  return absl::OkStatus();
}

absl::Status ListSweeps(const Parts& parts, const v1::ListSweepsRequest& request, v1::ListSweepsResponse* response) {
  const absl::StatusOr<uint32_t> size = ReadPageSize(request.page_size());
  if (!size.ok()) return size.status();
  const std::string scope = PageScope(request, "");
  const absl::StatusOr<std::string> cursor = ReadPageToken(scope, request.page_token());
  if (!cursor.ok()) return cursor.status();
  std::optional<runtime::StatusBoard::SweepCursor> after;
  if (!cursor->empty()) {
    const std::pair<std::string, std::string> parts_of_cursor = absl::StrSplit(*cursor, absl::MaxSplits(':', 1));
    int64_t created_at = 0;
    if (!absl::SimpleAtoi(parts_of_cursor.first, &created_at)) return BadPageToken();
    after.emplace(core::WallTime(created_at), parts_of_cursor.second);
  }
  const std::set<int> states(request.states().begin(), request.states().end());
  runtime::StatusBoard::SweepPage page = parts.board->ListSweeps(after, states, *size);
  const size_t count = CountThatFits(page.sweeps);
  if (count < page.sweeps.size()) page.next = page.cursors[count - 1];
  for (size_t i = 0; i < count; ++i) *response->add_sweeps() = std::move(page.sweeps[i]);
  if (page.next) {
    response->set_next_page_token(MakePageToken(scope, absl::StrCat(page.next->first.count(), ":", page.next->second)));
  }
  return absl::OkStatus();
}

absl::Status ListWorkers(const Parts& parts, const v1::ListWorkersRequest& request, v1::ListWorkersResponse* response) {
  const absl::StatusOr<uint32_t> size = ReadPageSize(request.page_size());
  if (!size.ok()) return size.status();
  const std::string scope = PageScope(request, "");
  const absl::StatusOr<std::string> cursor = ReadPageToken(scope, request.page_token());
  if (!cursor.ok()) return cursor.status();
  runtime::StatusBoard::WorkerPage page = parts.board->ListWorkers(*cursor, *size);
  const size_t count = CountThatFits(page.workers);
  if (count < page.workers.size()) page.next = page.workers[count - 1].id();
  for (size_t i = 0; i < count; ++i) *response->add_workers() = std::move(page.workers[i]);
  if (page.next) response->set_next_page_token(MakePageToken(scope, *page.next));
  return absl::OkStatus();
}

}  // namespace basin::server::rpc
