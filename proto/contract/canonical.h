#pragma once

#include <string>

#include "basin/v1/workload.pb.h"

namespace basin::contract {

// The bytes by which two resolved workloads are compared: equal exactly when every field is. Deterministic across
// processes and machines of one release.
std::string CanonicalBytes(const v1::Workload& resolved);

// SHA-256 of CanonicalBytes, in hex.
std::string CanonicalDigest(const v1::Workload& resolved);

// Whether every run of the workload with the same seed, data and engine gives the same bits: unless a clock may end it.
bool IsRepeatable(const v1::Workload& resolved);

}  // namespace basin::contract
