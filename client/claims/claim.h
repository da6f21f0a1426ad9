#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "basin/v1/sweep.pb.h"
#include "proto/contract/space.h"

namespace basin::client::claims {

// Configs of a sweep: those with one of the values in each of the fields. No conditions: all.
struct Condition {
  std::string path;                 // Whole: `train.batch_size`.
  std::string name;                 // As the file wrote it.
  std::vector<std::string> values;  // As `basin results` shows them.
};
struct Selection {
  std::vector<Condition> conditions;
};

// How two sides are compared. Always seed by seed.
enum class Measure {
  kDifference,       // Mean over the seeds of the difference.
  kRatio,            // Geometric mean over the seeds of the ratio: for what differs by orders of magnitude.
  kSpread,           // Ratio of the standard deviations over the seeds.
  kRankCorrelation,  // Spearman's, of two metrics over all trials of a selection.
};

struct Expectation {
  enum class Kind { kLower, kHigher, kNoWorse };
  Kind kind = Kind::kLower;
  double margin = 0;  // Of kNoWorse: a difference; for a ratio 0.1 is a tenth.
};

// One comparison. For a selection of several configs stands the best of them by the sweep's objective, chosen by other
// seeds than those that are compared, except in a rank correlation, which is over all of their trials.
struct Test {
  std::string says;  // In words, what is expected.
  size_t sweep = 0;  // Among the claim's.
  Measure measure = Measure::kDifference;
  std::string metric;
  Selection of;
  // The other side: another metric of the same trials, or else another selection.
  std::string against_metric;
  Selection against;
  Expectation expect;
};

struct Picture {
  enum class Kind {
    kDots,     // Mean and interval of each group.
    kCurves,   // A metric over the training, a line for each group.
    kScatter,  // Two metrics, a dot for each trial, a color for each group.
    kPlanes,   // Loss over alpha and beta, a map for each group.
  };
  Kind kind = Kind::kDots;
  std::string title;
  size_t sweep = 0;
  std::string metric, against_metric;
  Selection of;
  std::vector<std::string> by;  // Whole paths. A group is the configs with equal values in these; its best is shown.
  bool logarithmic = false;
};

struct ClaimSweep {
  std::string file;  // As the claims file names it.
  std::string text;
  v1::SweepSpec spec;
  std::shared_ptr<const contract::Space> space;
};

struct Claim {
  uint64_t number = 0;
  std::string sentence;
  std::string remark;  // What a reader has to know of the experiment; never what came out.
  std::vector<ClaimSweep> sweeps;
  std::vector<Test> tests;
  std::vector<Picture> pictures;
};

// A metric of every training beside those that it reports: the epochs it took, fewer where it was stopped.
inline constexpr char kEpochsTaken[] = "epochs_taken";

}  // namespace basin::client::claims
