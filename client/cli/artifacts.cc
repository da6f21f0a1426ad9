#include <filesystem>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/new_file.h"
#include "client/cli/proto_time.h"
#include "client/cli/trial_name.h"
#include "proto/contract/digest.h"

namespace basin::client::cli {
namespace {

using format::Cell;
using format::Column;
using In = format::Column::In;

struct Options {
  std::string trial, get, out;
};

std::string KindName(v1::ArtifactKind kind) {
  switch (kind) {
    case v1::ARTIFACT_KIND_CHECKPOINT:
      return "checkpoint";
    case v1::ARTIFACT_KIND_WEIGHTS:
      return "weights";
    default:
      return absl::StrCat("kind ", static_cast<int>(kind));
  }
}

absl::StatusOr<int> List(Context& context, const TrialName& trial) {
  const auto rows = context.Rows({{.name = "trial"},
                                  {.name = "index", .in = In::kData},
                                  {.name = "name"},
                                  {.name = "kind"},
                                  {.name = "step"},
                                  {.name = "attempt", .in = In::kData},
                                  {.name = "bytes"},
                                  {.name = "sha256", .in = In::kData},
                                  {.name = "created_at", .in = In::kData}});
  bool any = false;
  const absl::Status status =
      context.client().Artifacts(trial.sweep, trial.index).ForEach([&](const v1::Artifact& artifact) {
        any = true;
        rows->Add({absl::StrCat(artifact.sweep_id(), "/", artifact.trial()), uint64_t{artifact.trial()},
                   artifact.name(), KindName(artifact.kind()), uint64_t{artifact.step()}, uint64_t{artifact.attempt()},
                   uint64_t{artifact.bytes()}, artifact.sha256(),
                   TimeCell(artifact.has_created_at(), artifact.created_at())});
        return static_cast<bool>(context.out());
      });
  if (!status.ok()) return status;
  if (!any && trial.index) {
    const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(trial.sweep);
    if (!sweep.ok()) return sweep.status();
    if (*trial.index >= sweep->trials().total()) {
      return absl::NotFoundError(absl::StrCat("no trial ", trial.sweep, "/", *trial.index,
                                              ": the sweep has trials 0 to ", sweep->trials().total() - 1));
    }
  }
  rows->Finish();
  context.out().flush();
  if (!any) context.Note("No files. A sweep keeps its trials' final weights with `keep: {weights: all}`.");
  return api::kOk;
}

absl::StatusOr<v1::Artifact> Find(Context& context, const TrialName& trial, const std::string& name) {
  std::optional<v1::Artifact> found;
  std::string names;
  const absl::Status status =
      context.client().Artifacts(trial.sweep, trial.index).ForEach([&](const v1::Artifact& artifact) {
        absl::StrAppend(&names, names.empty() ? "" : ", ", artifact.name());
        if (artifact.name() == name) found = artifact;
        return true;
      });
  if (!status.ok()) return status;
  if (found) return *found;
  return absl::NotFoundError(absl::StrCat("trial ", trial.sweep, "/", *trial.index, " has no file '", name,
                                          "'; it has ", names.empty() ? "none" : names));
}

absl::StatusOr<int> Get(Context& context, const TrialName& trial, const Options& options) {
  if (!trial.index) {
    return absl::InvalidArgumentError(
        absl::StrCat("--get is of one trial: expected SWEEP/INDEX, such as ", trial.sweep, "/0"));
  }
  const absl::StatusOr<v1::Artifact> artifact = Find(context, trial, options.get);
  if (!artifact.ok()) return artifact.status();
  const std::filesystem::path path =
      options.out.empty() ? std::filesystem::path(artifact->name()).filename() : std::filesystem::path(options.out);
  NewFile file(path);
  if (!file.status().ok()) return file.status();
  contract::Sha256 digest;
  const absl::Status status = context.client().DownloadArtifact(*artifact, [&](const std::string& bytes) {
    digest.Update(bytes.data(), bytes.size());
    file.stream().write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
  if (!status.ok()) return status;
  if (digest.FinishHex() != artifact->sha256()) {
    return absl::DataLossError(absl::StrCat(artifact->name(), ": the bytes that came are not those of its digest"));
  }
  if (const absl::Status written = file.Finish(); !written.ok()) return written;
  context.Note(absl::StrCat("Wrote ", path.string(), " (", artifact->bytes(), " bytes)."));
  return api::kOk;
}

absl::StatusOr<int> Artifacts(Context& context, const Options& options) {
  const absl::StatusOr<TrialName> trial = ParseTrialName(options.trial);
  if (!trial.ok()) return trial.status();
  if (!options.get.empty()) return Get(context, *trial, options);
  if (!options.out.empty()) return absl::InvalidArgumentError("--out needs --get NAME: which file to write there");
  return List(context, *trial);
}

}  // namespace

Command ArtifactsCommand() {
  return {
      .name = "artifacts",
      .group = "Look at sweeps",
      .summary = "List the files that trials left, or fetch one: final weights, checkpoints",
      .example =
          "basin artifacts k3f9\n"
          "basin artifacts k3f9/4 --get weights.safetensors --out best.safetensors",
      .define = [](CLI::App& app) -> Action {
        auto options = std::make_shared<Options>();
        app.add_option("TRIAL", options->trial, "The trial: SWEEP/INDEX, or a sweep for all its trials")->required();
        app.add_option("--get", options->get, "Fetch this file of the trial")->option_text("NAME");
        app.add_option("--out", options->out, "Where to write it; the default is its name, here")->option_text("FILE");
        return [options](Context& context) { return Artifacts(context, *options); };
      }};
}

}  // namespace basin::client::cli
