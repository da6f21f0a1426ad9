#pragma once

#include <cstdint>

#include "basin/v1/surface.pb.h"
#include "worker/job/job.h"

namespace basin::worker::job {

// A descent on a surface: RunJob for a workload of that kind, which is valid. The start follows from the seed, the
// noise from the seed and the step. Takes no checkpoints: it takes seconds, and begins anew. The weights that it hands
// out are a file with its end, `x`, and its way there: `trajectory`, a row for each report, and their `steps`. Throws
// std::bad_alloc.
JobResult RunSurface(const v1::SurfaceWorkload& workload, uint64_t seed, const JobContext& context);

}  // namespace basin::worker::job
