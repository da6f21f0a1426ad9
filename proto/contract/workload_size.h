#pragma once

#include <cstdint>

#include "basin/v1/sweep.pb.h"

namespace basin::contract {

// What is leased travels in one message, with as much room left as the rest of the message needs.
inline constexpr uint64_t kMaxLeasedBytes = 3 * 1024 * 1024;

// A bound of what a resolved workload of the sweep takes on the wire: the base and of each domain the largest value,
// defaults filled in.
uint64_t MostWorkloadBytes(const v1::SweepSpec& spec);

}  // namespace basin::contract
