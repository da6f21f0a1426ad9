#pragma once

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "proto/contract/validate.h"

namespace basin::contract {

inline std::vector<Violation> FaultsOf(const v1::Workload& workload) {
  return ViolationsOf(ValidateResolved(workload));
}

// Matches a violation at `path` whose description has this in it.
inline auto Fault(const std::string& path, const std::string& description) {
  return testing::AllOf(testing::Field(&Violation::path, path),
                        testing::Field(&Violation::description, testing::HasSubstr(description)));
}

}  // namespace basin::contract
