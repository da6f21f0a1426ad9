#pragma once

#include <string>

#include "basin/v1/worker_service.pb.h"
#include "worker/agent/clock.h"
#include "worker/job/job.h"

namespace basin::worker::agent {

// What the server is told of a job's end. A stopped job is handed back. The message is cut to what the contract takes,
// and bytes that are not UTF-8 (a file's name may hold them) become `?`.
v1::TrialOutcome ToOutcome(const job::JobResult& result, const std::string& engine_fingerprint, MonoTime duration);

}  // namespace basin::worker::agent
