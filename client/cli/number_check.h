#pragma once

#include <cstdint>

#include "CLI/CLI.hpp"

namespace basin::client::cli {

// The largest seed or count that is also a number in JSON.
inline constexpr uint64_t kMostExact = uint64_t{1} << 53;

// The contract's for `examples` of an analysis.
inline constexpr uint64_t kMostExamples = 1'000'000'000'000'000;

// Checks of an option's value, as short as the contract's: "must be at least 1, is 0".
CLI::Validator WholeNumber(uint64_t low, uint64_t high = kMostExact);
// A finite one.
CLI::Validator RealNumber(double low, double high);
CLI::Validator PositiveNumber(double high);

}  // namespace basin::client::cli
