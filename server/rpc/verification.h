#pragma once

#include "absl/status/statusor.h"
#include "basin/v1/sweep_service.pb.h"
#include "server/core/command.h"
#include "server/rpc/call.h"

namespace basin::server::rpc {

// The sweep that runs a trial of sweep `id` again: its config and seed alone, by the sweep's own objective and limits.
// Reads from the store. NOT_FOUND; FAILED_PRECONDITION, with the reason, when the trial has no result, or one that a
// clock may have cut off at a step that no other run meets.
absl::StatusOr<core::CreateSweep> VerificationOf(const Parts& parts, const core::SweepId& id,
                                                 const v1::VerifyTrialRequest& request);

}  // namespace basin::server::rpc
