#include "client/cli/claim_runs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/claims/field_names.h"
#include "client/claims/pictures.h"
#include "client/cli/curve_reader.h"
#include "client/cli/learning_curve.h"
#include "client/cli/proto_time.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "client/format/line_chart.h"

namespace basin::client::cli {
namespace {

constexpr size_t kMostPoints = 600;  // Of a curve.

// The sweeps of which some claim asks how many epochs each training took.
std::set<std::string> WithEpochs(const std::vector<claims::Claim>& claims) {
  std::set<std::string> files;
  for (const claims::Claim& claim : claims) {
    const auto note = [&](size_t sweep, const std::string& metric) {
      if (metric == claims::kEpochsTaken) files.insert(claim.sweeps[sweep].file);
    };
    for (const claims::Test& test : claim.tests) note(test.sweep, test.metric), note(test.sweep, test.against_metric);
    for (const claims::Picture& picture : claim.pictures) {
      note(picture.sweep, picture.metric), note(picture.sweep, picture.against_metric);
    }
  }
  return files;
}

}  // namespace

absl::StatusOr<ClaimRuns> ClaimRuns::Create(Context& context, const std::vector<claims::Claim>& claims,
                                            const RunLocalSweep& run) {
  ClaimRuns runs(context);
  const std::set<std::string> with_epochs = WithEpochs(claims);
  for (const claims::Claim& claim : claims) {
    for (const claims::ClaimSweep& sweep : claim.sweeps) {
      if (runs.sweeps_.contains(sweep.file)) continue;
      absl::StatusOr<v1::Sweep> ended = run(sweep.spec);
      if (!ended.ok()) return ended.status();
      runs.sweeps_.emplace(sweep.file, *std::move(ended));
      const absl::Status read = runs.Read(sweep, with_epochs.contains(sweep.file));
      if (!read.ok()) return read;
    }
  }
  return runs;
}

absl::Status ClaimRuns::Read(const claims::ClaimSweep& sweep, bool epochs) {
  const std::string& id = sweeps_.at(sweep.file).id();
  claims::SweepResults& results = results_.emplace(sweep.file, claims::SweepResults(sweep, id)).first->second;
  const absl::Status read = context_->client().Trials(id).ForEach([&](const v1::Trial& trial) {
    results.Add(trial);
    return true;
  });
  if (!read.ok() || !epochs) return read;
  std::map<uint64_t, double> last;  // By trial. With early stopping the last point repeats an earlier one.
  const absl::Status points = context_->client()
                                  .Points(id, std::nullopt, claims::ObjectiveOf(sweep.spec))
                                  .ForEach([&](const v1::TrialPoint& point) {
                                    double& epoch = last[point.trial()];
                                    epoch = std::max(epoch, point.point().epoch());
                                    return true;
                                  });
  for (const auto& [trial, epoch] : last) results.AddEpochs(trial, epoch);
  return points;
}

absl::StatusOr<std::vector<std::string>> ClaimRuns::Curves(const claims::Picture& picture,
                                                           const claims::ClaimSweep& of) const {
  const v1::Sweep& sweep = sweeps_.at(of.file);
  format::LineChart chart{.title = picture.title,
                          .x_label = sweep.spec().base().has_surface() ? "step" : "epoch",
                          .y_label = picture.metric + ", mean over the seeds, its 95% interval shaded",
                          .logarithmic_y = picture.logarithmic};
  for (const claims::Group& group : GroupsOf(results_.at(of.file), picture.of, picture.by)) {
    const absl::StatusOr<LearningCurve> curve = ReadCurve(context_->client(), sweep, group.best, picture.metric);
    if (!curve.ok()) return curve.status();
    std::vector<format::ChartPoint> points = ChartPoints(curve->Points(), kMostPoints);
    if (picture.logarithmic) std::erase_if(points, [](const format::ChartPoint& point) { return !(point.y > 0); });
    if (points.empty() || chart.lines.size() == format::kMostColored) continue;
    chart.lines.push_back({NameWithBest(group), std::move(points)});
  }
  std::vector<std::string> drawings;
  if (!chart.lines.empty()) drawings.push_back(SvgOf(chart));
  return drawings;
}

absl::StatusOr<claims::ReportClaim> ClaimRuns::Report(const claims::Claim& claim) const {
  claims::ReportClaim report{.claim = &claim, .result = {}, .drawings = {}, .sizes = {}};
  std::vector<const claims::SweepResults*> results;
  for (const claims::ClaimSweep& sweep : claim.sweeps) {
    results.push_back(&results_.at(sweep.file));
    const v1::Sweep& ran = sweeps_.at(sweep.file);
    std::string size = SizeText(ran.configs(), ran.seeds());
    const v1::TrialCounts& counts = ran.trials();
    if (counts.succeeded() != counts.total()) absl::StrAppend(&size, ", ", CountsText(counts));
    report.sizes.push_back(
        absl::StrCat(size, ", ", format::HumanDuration(SecondsOf(ran.ended_at()) - SecondsOf(ran.started_at()))));
  }
  report.result = claims::Evaluate(claim, results);
  for (const claims::Picture& picture : claim.pictures) {
    absl::StatusOr<std::vector<std::string>> svgs = picture.kind == claims::Picture::Kind::kCurves
                                                        ? Curves(picture, claim.sweeps[picture.sweep])
                                                        : Draw(picture, *results[picture.sweep]);
    if (!svgs.ok()) return svgs.status();
    report.drawings.push_back({picture.title, *std::move(svgs)});
  }
  return report;
}

}  // namespace basin::client::cli
