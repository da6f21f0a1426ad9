#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/api/exit_code.h"
#include "client/api/request_id.h"
#include "client/claims/article.h"
#include "client/claims/claims_file.h"
#include "client/claims/report.h"
#include "client/cli/claim_runs.h"
#include "client/cli/commands.h"
#include "client/cli/local_cluster.h"
#include "client/cli/local_dirs.h"
#include "client/cli/local_sweep.h"
#include "client/cli/new_file.h"
#include "client/cli/number_check.h"
#include "client/cli/param_names.h"
#include "client/cli/proto_time.h"
#include "client/cli/shell_word.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "client/spec/small_file.h"

namespace basin::client::cli {
namespace {

constexpr char kArticle[] = "claims.yaml";

struct Options {
  std::string only, data_dir, out = "gallery.html", claims;
  uint32_t workers = 1;
};

// The claims of a file beside its sweeps, or the article's, which are in the program.
absl::StatusOr<std::vector<claims::Claim>> LoadClaims(const std::string& path) {
  if (path.empty()) {
    const auto& files = claims::ArticleFiles();
    return claims::ParseClaims(files.at(kArticle), kArticle,
                               [&files](const std::string& file) -> absl::StatusOr<std::string> {
                                 const auto at = files.find(file);
                                 if (at != files.end()) return at->second;
                                 return absl::InvalidArgumentError(file + ": is not in the program");
                               });
  }
  const absl::StatusOr<std::string> text = spec::ReadSmallFile(path);
  if (!text.ok()) return text.status();
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return claims::ParseClaims(
      *text, path, [&folder](const std::string& file) { return spec::ReadSmallFile((folder / file).string()); });
}

// Leaves those that `only` numbers. INVALID_ARGUMENT for a number that no claim has.
absl::Status Choose(const std::string& only, std::vector<claims::Claim>* claims) {
  if (only.empty()) return absl::OkStatus();
  std::vector<uint64_t> known;
  for (const claims::Claim& claim : *claims) known.push_back(claim.number);
  std::set<uint64_t> wanted;
  for (const std::string& text : SplitList(only)) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || std::find(known.begin(), known.end(), number) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--only must name claims, of ", absl::StrJoin(known, ", "), "; is '", text, "'"));
    }
    wanted.insert(number);
  }
  std::erase_if(*claims, [&](const claims::Claim& claim) { return !wanted.contains(claim.number); });
  return absl::OkStatus();
}

// A row a test.
void Print(Context& context, const claims::Report& report, const ClaimRuns& runs) {
  using In = format::Column::In;
  const auto rows = context.Rows({{.name = "claim"},
                                  {.name = "sentence", .in = In::kData},
                                  {.name = "verdict"},
                                  {.name = "sweep"},
                                  {.name = "sweep_id", .in = In::kData},
                                  {.name = "test", .in = In::kData},
                                  {.name = "outcome"},
                                  {.name = "n", .in = In::kData},
                                  {.name = "estimate", .in = In::kData},
                                  {.name = "ci_low", .in = In::kData},
                                  {.name = "ci_high", .in = In::kData},
                                  {.name = "finding", .shrink = true}});
  for (const claims::ReportClaim& item : report.claims) {
    for (size_t i = 0; i < item.claim->tests.size(); ++i) {
      const claims::Test& test = item.claim->tests[i];
      const claims::TestResult& result = item.result.tests[i];
      const v1::Sweep& sweep = runs.sweeps().at(item.claim->sweeps[test.sweep].file);
      const auto part = [&](double claims::Estimate::*of) {
        return result.estimate ? format::Cell(*result.estimate.*of) : format::Cell();
      };
      rows->Add({item.claim->number, item.claim->sentence, claims::Name(item.result.verdict), sweep.name(), sweep.id(),
                 test.says, claims::Name(result.outcome), result.pairs, part(&claims::Estimate::value),
                 part(&claims::Estimate::low), part(&claims::Estimate::high), result.finding});
    }
  }
  rows->Finish();
  context.out().flush();
}

// "Made by basin 0.1.0 on 2 cores, the last trial at 2026-01-31 12:00:00: 14 sweeps, 4321 trials, 6m12s."
std::string MadeText(const ClaimRuns& runs) {
  uint64_t trials = 0;
  double seconds = 0, last = 0;
  for (const auto& [file, sweep] : runs.sweeps()) {
    trials += sweep.trials().total();
    seconds += SecondsOf(sweep.ended_at()) - SecondsOf(sweep.started_at());
    last = std::max(last, SecondsOf(sweep.ended_at()));
  }
  return absl::StrCat("Made by basin ", BASIN_VERSION, " on ", format::Count(UsableCores(), "core"), ": ",
                      format::Count(runs.sweeps().size(), "sweep"), ", ", format::Count(trials, "trial"), ", ",
                      format::HumanDuration(seconds), ", the last trial at ", format::LocalTime(last), ".");
}

absl::StatusOr<int> Finish(Context& context, const std::vector<claims::Claim>& claims, const ClaimRuns& runs,
                           NewFile* file, const std::string& path) {
  claims::Report report{.claims = {}, .made = MadeText(runs)};
  for (const claims::Claim& claim : claims) {
    absl::StatusOr<claims::ReportClaim> item = runs.Report(claim);
    if (!item.ok()) return item.status();
    report.claims.push_back(*std::move(item));
  }
  file->stream() << claims::HtmlOf(report);
  const absl::Status written = file->Finish();
  if (!written.ok()) return written;
  Print(context, report, runs);
  context.Note(absl::StrCat(report.made, " The report is in ", path, "."));
  int exit_code = api::kOk;
  for (const auto& [name, sweep] : runs.sweeps()) {
    if (ExitCodeOfSweep(sweep) == api::kOk) continue;
    context.Warn(absl::StrCat("Not every trial of ", name, " has a result: ", CountsText(sweep.trials())));
    exit_code = ExitCodeOfSweep(sweep);
  }
  return exit_code;
}

// What goes on with the same claims.
std::string CommandLine(const std::filesystem::path& data_dir, const Options& options) {
  const Options usual;
  std::string command = "basin gallery --data-dir " + ShellWord(data_dir.string());
  if (!options.only.empty()) command += " --only " + ShellWord(options.only);
  if (!options.claims.empty()) command += " --claims " + ShellWord(options.claims);
  if (options.out != usual.out) command += " --out " + ShellWord(options.out);
  if (options.workers != usual.workers) command += " --workers " + std::to_string(options.workers);
  return command;
}

absl::StatusOr<int> Gallery(Context& context, const Options& options) {
  if (!options.out.ends_with(".html")) {
    return absl::InvalidArgumentError("--out is a page, *.html; is " + options.out);
  }
  absl::StatusOr<std::vector<claims::Claim>> claims = LoadClaims(options.claims);
  if (!claims.ok()) return claims.status();
  const absl::Status chosen = Choose(options.only, &*claims);
  if (!chosen.ok()) return chosen;
  const absl::StatusOr<std::filesystem::path> data_dir =
      options.data_dir.empty()
          ? DefaultDir(context.environment(), "basin-runs/gallery-" + api::RandomRequestId().substr(0, 6))
          : AbsoluteDir(options.data_dir);
  if (!data_dir.ok()) return data_dir.status();
  NewFile file(options.out);  // Now, so that a bad path is known before the work.
  if (!file.status().ok()) return file.status();

  return OnLocalCluster(context,
                        {.program_dir = context.environment().program_dir,
                         .data_dir = *data_dir,
                         .workers = options.workers,
                         .datasets_dir = {}},
                        CommandLine(*data_dir, options), [&](const RunLocalSweep& run_sweep) -> absl::StatusOr<int> {
                          const absl::StatusOr<ClaimRuns> runs = ClaimRuns::Create(context, *claims, run_sweep);
                          if (!runs.ok()) return runs.status();
                          return Finish(context, *claims, *runs, &file, options.out);
                        });
}

}  // namespace

Command GalleryCommand() {
  return {.name = "gallery",
          .group = "Run sweeps",
          .summary = "What is said of gradient descent, put to the test here: every claim's sweeps, verdicts, a report",
          .example =
              "basin gallery                              # all claims, some minutes; writes gallery.html\n"
              "basin gallery --only 3,8 --out batches-and-cycles.html\n"
              "basin gallery --data-dir ./my-gallery      # run again after Ctrl-C: it goes on\n"
              "basin gallery --claims my/claims.yaml      # claims and sweeps of your own",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("--only", options->only, "Only the claims with these numbers")->option_text("NUMBER,...");
            app.add_option("--workers", options->workers, "Worker processes, which share the cores; the default is 1")
                ->option_text("N")
                ->check(WholeNumber(1, 256));
            app.add_option(
                   "--data-dir", options->data_dir,
                   "Where the coordinator keeps the sweeps; the default is a new one in ~/.local/state/basin-runs")
                ->option_text("DIR");
            app.add_option("--out", options->out, "The report, one HTML page; the default is gallery.html")
                ->option_text("FILE");
            app.add_option("--claims", options->claims,
                           "A claims file beside its sweeps; the default is the article's, which is in the program "
                           "(deploy/examples/article)")
                ->option_text("FILE");
            return [options](Context& context) { return Gallery(context, *options); };
          },
          .own_server = true};
}

}  // namespace basin::client::cli
