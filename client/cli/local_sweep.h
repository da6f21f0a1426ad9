#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "client/cli/context.h"
#include "client/cli/local_cluster.h"

namespace basin::client::cli {

// Submits a sweep to the local cluster, or finds it again in a data dir where it ran before, and follows it to its end.
// Of one that ran before, trials that failed are tried again; one that was cancelled stays so, and is said to.
// CANCELLED when a signal came first; FAILED_PRECONDITION when the sweep waits for what no worker here has; the
// cluster's own error when it broke.
using RunLocalSweep = std::function<absl::StatusOr<v1::Sweep>(const v1::SweepSpec&)>;

// Starts a cluster for the context, does `work`, and stops the cluster; the answer is that of `work`, an exit code.
// After Ctrl-C kInterrupted instead of an error. When it did not come to its end it says that `again`, a command
// for a shell, goes on.
absl::StatusOr<int> OnLocalCluster(Context& context, const LocalCluster::Options& options, const std::string& again,
                                   const std::function<absl::StatusOr<int>(const RunLocalSweep&)>& work);

}  // namespace basin::client::cli
