#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "basin/v1/trial.pb.h"
#include "client/cli/context.h"

namespace basin::client::cli {

// What is measured at each place around weights, in the order in which it is shown: train_loss, train_accuracy,
// test_loss, test_accuracy.
const std::vector<std::string>& LossScores();

// INVALID_ARGUMENT, with the names, for another metric.
absl::Status CheckLossScore(const std::string& metric);

// A metric of each trial; NaN where it is absent.
std::vector<double> MetricOf(const std::vector<v1::Trial>& trials, const std::string& metric);

// The scores along a line through weights.
struct ScoreLine {
  std::string title;
  std::string x_label;
  std::vector<double> alphas;     // Ascending, two or more.
  std::vector<v1::Trial> trials;  // One at each.
  std::string metric;             // The one that the terminal and the text show.
};

// On stdout, in the context's format: `plot`, or a row an alpha.
void PrintScoreLine(Context& context, const ScoreLine& line);

// Into an .svg or .html, the losses as curves; or all scores as arrays into an .npz.
absl::Status WriteScoreLine(const ScoreLine& line, const std::string& path);

// INVALID_ARGUMENT for a file of another kind, or with a format that the file has no use for. Empty: no file.
absl::Status CheckPicturePath(const Context& context, const std::string& path);

}  // namespace basin::client::cli
