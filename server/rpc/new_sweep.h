#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/sweep_service.pb.h"
#include "server/core/model.h"

namespace basin::server::rpc {

struct NewSweep {
  std::shared_ptr<const core::SweepDefinition> definition;
  std::string spec_digest;  // Of the spec as it came: equal requests have equal ones.
};

// Checks everything that can be known of a sweep at submission, whatever client sent it, and fills in its defaults.
// INVALID_ARGUMENT with paths as in the request (`spec.base.train.batch_size`).
absl::StatusOr<NewSweep> CheckNewSweep(const v1::CreateSweepRequest& request);

// What a sweep would be, for a request that only asks: without an id.
v1::Sweep Preview(const core::SweepDefinition& definition);

}  // namespace basin::server::rpc
