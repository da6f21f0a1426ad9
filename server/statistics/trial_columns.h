#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace basin::server::statistics {

// kNone: never leased, so that it has nothing to tell.
enum class TrialEnd : uint8_t { kNone, kUnfinished, kSucceeded, kDiverged, kPruned, kFailed, kCancelled };

// The value that a trial does not have; told from other NaNs by its bits.
inline constexpr uint64_t kNoValueBits = 0x7ff8000000000b45;
inline double NoValue() { return std::bit_cast<double>(kNoValueBits); }
inline bool HasValue(double value) { return std::bit_cast<uint64_t>(value) != kNoValueBits; }

// The trials of a sweep as far as they are compared, by columns and in pieces: a piece has those with the indices
// `first`, first + 1, ..., and pieces come in the order of their indices. Trials that are in no piece were never
// leased.
class TrialColumns {
 public:
  virtual ~TrialColumns() = default;

  // One more than the largest index in a piece.
  virtual uint64_t end() const = 0;

  // `objectives` are not finite, or mean nothing, where there is none.
  using OnEnds =
      std::function<void(uint64_t first, std::span<const TrialEnd> ends, std::span<const double> objectives)>;
  virtual absl::Status ReadEnds(const OnEnds& on_ends) = 0;

  // Names of all metrics that a SUCCEEDED or DIVERGED trial has.
  virtual std::vector<std::string> MetricNames() const = 0;
  // The last values of one of them: of SUCCEEDED trials alone, NoValue() of others. Pieces may be left out in which no
  // trial has a value.
  using OnValues = std::function<void(uint64_t first, std::span<const double> values)>;
  virtual absl::Status ReadMetric(const std::string& name, const OnValues& on_values) = 0;
};

}  // namespace basin::server::statistics
