#pragma once

#include "server/core/model.h"

namespace basin::tests::simulation {

// The term of a lease in every run.
inline constexpr server::core::MonoTime kLease = std::chrono::seconds(10);

}  // namespace basin::tests::simulation
