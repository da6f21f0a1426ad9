#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace basin::contract {

// Codes correspond one to one; violations (see violation.h) become google.rpc.BadRequest in the status details, and
// back.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace basin::contract
