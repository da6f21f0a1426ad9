#pragma once

#include <cstdint>

namespace basin::contract {

// The standard normal quantile at (index + 1/2) / count: algorithm AS 241, PPND16 (Wichura 1988), relative accuracy
// about 1e-16. Antisymmetric: of index and count - 1 - index, one is exactly the other's negative. REQUIRES: index <
// count.
double NormalQuantile(uint64_t index, uint64_t count);

}  // namespace basin::contract
