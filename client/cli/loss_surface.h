#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "basin/v1/sweep.pb.h"
#include "basin/v1/trial.pb.h"
#include "client/cli/context.h"
#include "client/cli/loss_scores.h"
#include "client/format/surface_chart.h"

namespace basin::client::cli {

// The scores over a plane through weights; or a function's values.
struct LossSurface {
  std::string title, x_label = "alpha", y_label = "beta";
  std::string x_name = "alpha", y_name = "beta";   // Of the arrays of an .npz.
  std::vector<std::string> scores = LossScores();  // Metrics of the trials.
  std::vector<double> xs, ys;                      // Ascending, two or more each.
  std::vector<v1::Trial> trials = {};              // Trial i lies at xs[i / ys.size()], ys[i % ys.size()].
  std::string metric;                              // The one that is drawn.
  std::vector<format::SurfacePoint> path = {}, marks = {};
};

// From low to high, both among them. REQUIRES: two or more.
std::vector<double> EvenPlaces(double low, double high, uint64_t count);

// The values for the field at `path`, in this order.
void AddDomain(const std::string& path, const std::vector<double>& values, v1::SweepSpec* spec);

// Domains over alpha and beta, or alpha alone if there are no ys, for an analysis that is a loss plane.
void AddPlaneDomains(const std::vector<double>& xs, const std::vector<double>& ys, v1::SweepSpec* spec);

// On stdout, in the context's format: `plot`, or a row a place.
void PrintLossSurface(Context& context, const LossSurface& surface);

// Into an .svg or .html the surface; into an .npz all scores as arrays by rows of ascending y, and the path.
absl::Status WriteLossSurface(const LossSurface& surface, const std::string& path);

}  // namespace basin::client::cli
