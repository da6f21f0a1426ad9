#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/core/decide.h"
#include "server/core/snapshot.h"

namespace basin::tests::simulation {

// A defect, seeded into a run to prove that the checker sees it. Null members change nothing.
struct Mutant {
  std::string name;
  std::string defect;   // In words.
  uint64_t seeds = 50;  // One of the seeds 1 to so many must see it.
  // Before and after Decide.
  std::function<void(const server::core::State&, server::core::Command*)> before;
  std::function<void(const server::core::State&, const server::core::Command&, server::core::Decision*)> after;
  // Changes what a commit stores.
  std::function<void(std::vector<server::core::Event>*)> commit;
  // Changes what is loaded after a restart.
  std::function<void(server::core::Snapshot*)> restore;
  bool reply_before_commit = false;
  bool trusts_wall_clock = false;  // Decide is given the wall clock as the monotonic one.
};

const std::vector<Mutant>& AllMutants();
// Null when there is none of that name.
const Mutant* FindMutant(const std::string& name);

// Whose calls and attempts are taken for what; what is told when; what becomes of time; who gets what.
std::vector<Mutant> FencingMutants();
std::vector<Mutant> DurabilityMutants();
std::vector<Mutant> TimeMutants();
std::vector<Mutant> SchedulingMutants();

}  // namespace basin::tests::simulation
