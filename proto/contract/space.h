#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"
#include "basin/v1/sweep.pb.h"

namespace basin::contract {

// The most trials of a sweep, 2^53: every index is also a number in JSON.
inline constexpr uint64_t kMaxTrials = uint64_t{1} << 53;

// The grid of a sweep's domains as an index range: config i of size() is decoded from i, and nothing is ever listed.
// Domains multiply, the last varies fastest; the options of a choice add up, each being the product of its own domains.
// Immutable; safe to use from many threads.
class Space {
 public:
  // INVALID_ARGUMENT with paths as in SweepSpec (`domains[1].log_uniform`) when a domain is empty, reversed, has no
  // points where a grid needs them, or the number of configs is above 2^53.
  static absl::StatusOr<std::shared_ptr<const Space>> Create(const v1::SweepSpec& spec);
  virtual ~Space() = default;

  virtual uint64_t size() const = 0;

  // The params of config `index`, in the order of the domains, a choice before what it chose. The param of a choice is
  // the option's text. REQUIRES: index < size().
  virtual std::vector<v1::Param> Params(uint64_t index) const = 0;

  // The workload of config `index`: the base, every domain replaced, defaults filled in. REQUIRES: index < size().
  virtual v1::Workload Resolve(uint64_t index) const = 0;

  // Paths of all params that some config has, in order of first appearance.
  virtual std::vector<std::string> ParamPaths() const = 0;

  // What of a config's index gives its param at `path`: all configs with the same index / stride % size have the same
  // value there, or all have none. One of those with digit d is config d * stride.
  struct Digit {
    uint64_t stride = 1;
    uint64_t size = 1;
    bool operator==(const Digit&) const = default;
    uint64_t Of(uint64_t index) const { return index / stride % size; }
  };
  // REQUIRES: `path` is one of ParamPaths().
  virtual Digit DigitOf(const std::string& path) const = 0;

  // The name of the data set that config `index` needs, as DatasetName.
  virtual std::string DatasetOf(uint64_t index) const = 0;
};

// Seed of the replicate at `position`. REQUIRES: position < SeedCount.
uint64_t SeedCount(const v1::Seeds& seeds);
uint64_t SeedAt(const v1::Seeds& seeds, uint64_t position);

}  // namespace basin::contract
