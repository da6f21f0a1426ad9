#include "proto/contract/workload_size.h"

#include <algorithm>

#include "proto/contract/defaults.h"

namespace basin::contract {
namespace {

// Of the messages on the way to a field, with the defaults of what stands beside it, and of a number in it.
constexpr uint64_t kFieldBytes = 256;

uint64_t FilledBytes(v1::Workload workload) {
  FillDefaults(&workload);
  return workload.ByteSizeLong();
}

uint64_t LargestOf(const v1::Domain& domain) {
  uint64_t largest = 0;
  for (const v1::Value& value : domain.values().values()) {
    largest = std::max<uint64_t>(largest, value.string_value().size());
  }
  for (const v1::Choice::Option& option : domain.choice().options()) {
    uint64_t bytes = FilledBytes(option.partial());
    for (const v1::Domain& inner : option.domains()) bytes += LargestOf(inner);
    largest = std::max(largest, bytes);
  }
  return kFieldBytes + largest;
}

}  // namespace

uint64_t MostWorkloadBytes(const v1::SweepSpec& spec) {
  uint64_t bytes = FilledBytes(spec.base());
  for (const v1::Domain& domain : spec.domains()) bytes += LargestOf(domain);
  return bytes;
}

}  // namespace basin::contract
