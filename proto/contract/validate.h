#pragma once

#include <vector>

#include "absl/status/status.h"
#include "basin/v1/sweep.pb.h"
#include "basin/v1/workload.pb.h"
#include "google/protobuf/message.h"
#include "proto/contract/violation.h"

namespace basin::contract {

// How the violation begins that is found instead of all below it.
inline constexpr char kTooDeep[] = "is nested too deeply";

// Checks any message against the rules in its proto (see basin/v1/rules.proto), against unknown fields (a newer
// client's) and unknown enum values, to any depth. Returns every violation, at most 100.
std::vector<Violation> CheckRules(const google::protobuf::Message& message);

// OK, or INVALID_ARGUMENT with every violation of CheckRules.
absl::Status ValidateMessage(const google::protobuf::Message& message);

// Everything that can be known of a sweep at submission: the rules; each domain's path, range and values, each value
// alone against the rule of its field; that required fields are set in the base or by a domain; that no two domains
// overlap; the number of trials (at most 2^53, also when the product overflows); that the objective is a metric of the
// workload; that the seeds are distinct; and the faults between fields of the first config and of those that differ
// from it in one domain (the first few hundred), whose trials would end the sweep. Paths are those of SweepSpec. Both
// the client (before sending) and the server (whatever the client) call this.
absl::Status ValidateSweep(const v1::SweepSpec& spec);

// Checks a resolved workload, defaults filled in: rules, and faults between fields (nesterov without momentum, a
// warm-up longer than training). What needs a data set of the worker's own (a batch larger than it) is the worker's to
// check; of sets that everyone has it is known here.
absl::Status ValidateResolved(const v1::Workload& workload);

}  // namespace basin::contract
