#pragma once

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "client/cli/context.h"
#include "client/cli/interrupt.h"
#include "client/cli/local_cluster.h"

namespace basin::client::cli {

// Submits the sweep to the local cluster that the context uses, or finds it again in a data dir where it ran before,
// and follows it to its end. CANCELLED when the interrupt came first; FAILED_PRECONDITION when the sweep waits for what
// no worker here has; the cluster's own error when it broke.
absl::StatusOr<v1::Sweep> RunLocalSweep(Context& context, LocalCluster& cluster, Interrupt& interrupt,
                                        const v1::SweepSpec& spec);

}  // namespace basin::client::cli
