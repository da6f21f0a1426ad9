#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/core/decide.h"

namespace basin::tests::simulation {

// A defect, seeded into a run to prove that the checker sees it. Null members change nothing.
struct Mutant {
  std::string name;
  // Before and after Decide.
  std::function<void(const server::core::State&, server::core::Command*)> before;
  std::function<void(const server::core::State&, const server::core::Command&, server::core::Decision*)> after;
  // Changes what a commit stores.
  std::function<void(std::vector<server::core::Event>*)> commit;
  bool reply_before_commit = false;
};

const std::vector<Mutant>& AllMutants();
// Null when there is none of that name.
const Mutant* FindMutant(const std::string& name);

}  // namespace basin::tests::simulation
