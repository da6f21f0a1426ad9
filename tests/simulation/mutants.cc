#include "tests/simulation/mutants.h"

#include <iterator>

namespace basin::tests::simulation {

const std::vector<Mutant>& AllMutants() {
  static const auto& mutants = *[] {
    auto* all = new std::vector<Mutant>;
    for (const auto& some : {FencingMutants(), DurabilityMutants(), TimeMutants(), SchedulingMutants()}) {
      all->insert(all->end(), some.begin(), some.end());
    }
    return all;
  }();
  return mutants;
}

const Mutant* FindMutant(const std::string& name) {
  for (const Mutant& mutant : AllMutants()) {
    if (mutant.name == name) return &mutant;
  }
  return nullptr;
}

}  // namespace basin::tests::simulation
