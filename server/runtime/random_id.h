#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/core/state.h"

namespace basin::server::runtime {

// Source of 64 random bits a call.
using RandomBits = std::function<uint64_t()>;

// The operating system's random numbers.
RandomBits SystemRandomBits();

// An id that nothing in the state has: eight characters of [a-z2-7] for a sweep, `w-` and twelve for a worker.
core::SweepId FreshSweepId(const core::State& state, const RandomBits& random);
core::WorkerId FreshWorkerId(const core::State& state, const RandomBits& random);

}  // namespace basin::server::runtime
