#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/sweep_service.pb.h"
#include "proto/contract/space.h"
#include "server/core/model.h"

namespace basin::server::rpc {

// How large a sweep may be on this server; never larger than the contract allows.
struct SweepCaps {
  uint64_t trials = contract::kMaxTrials;
  uint64_t fields = 1000;                          // Params, those below options of choices included.
  uint64_t values_a_field = contract::kMaxTrials;  // For a choice: its options with what ranges below them.
};

struct NewSweep {
  std::shared_ptr<const core::SweepDefinition> definition;
  std::string spec_digest;  // Of the spec as it came: equal requests have equal ones.
};

// Checks everything that can be known of a sweep at submission, whatever client sent it, and fills in its defaults.
// INVALID_ARGUMENT with paths as in the request (`spec.base.train.batch_size`).
absl::StatusOr<NewSweep> CheckNewSweep(const v1::CreateSweepRequest& request, const SweepCaps& caps);

// What a sweep would be, for a request that only asks: without an id.
v1::Sweep Preview(const core::SweepDefinition& definition);

}  // namespace basin::server::rpc
