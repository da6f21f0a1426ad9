#pragma once

#include <cstdint>

#include "basin/v1/workload.pb.h"
#include "worker/job/job.h"

namespace basin::worker::job {

// Looks at what a training found: RunJob for a workload of that kind, which is valid. Trains, or takes the weights that
// another trial of this process has trained, and likewise the prepared plane of a landscape. Takes no checkpoints.
// Reports once; the digest is that of the training's weights. Throws std::bad_alloc.
JobResult RunAnalysis(const v1::AnalyzeWorkload& workload, uint64_t seed, const JobContext& context);

}  // namespace basin::worker::job
