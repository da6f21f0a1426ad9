#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "client/api/client.h"
#include "client/cli/interrupt.h"

namespace basin::client::cli {

// Seconds until the sweep ends at its present rate, or since it began where no present rate is known; negative:
// unknown.
double RemainingSeconds(const v1::Sweep& sweep, double now_unix_seconds);

// The picture of a running sweep: a line each, at most `width` cells wide.
std::vector<std::string> ProgressPicture(const v1::Sweep& sweep, double now_unix_seconds, size_t width, bool color);

// The same in one line, for logs.
std::string ProgressLine(const v1::Sweep& sweep, double now_unix_seconds);

struct FollowOptions {
  std::ostream* out;
  // Draws in place on a terminal this wide; 0: plain lines, a few seconds apart.
  size_t terminal_width = 0;
  bool color = false;
  bool quiet = false;
  // Tells of the best trial: not where an objective is there because every sweep has one.
  bool best = true;
  // Called after each look at the sweep, at least once a second; an error ends the following with it.
  std::function<absl::Status(const v1::Sweep&)> check = nullptr;
  // Filled by `check`: what is to be said above the picture.
  std::vector<std::string>* news = nullptr;
};

// Follows the sweep until it ends and returns it; CANCELLED when the interrupt came first (which must have interrupted
// the client).
absl::StatusOr<v1::Sweep> FollowSweep(api::Client& client, const std::string& id, Interrupt& interrupt,
                                      const FollowOptions& options);

}  // namespace basin::client::cli
