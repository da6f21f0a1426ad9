#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/simulation/mutants.h"

// What mutants are written with.
namespace basin::tests::simulation {

// Adds a mutant to the list; change the one that it gives.
inline Mutant& Add(std::vector<Mutant>* mutants, std::string name, std::string defect) {
  Mutant& mutant = mutants->emplace_back();
  mutant.name = std::move(name);
  mutant.defect = std::move(defect);
  return mutant;
}

template <typename E>
void EraseEvents(std::vector<server::core::Event>* events) {
  std::erase_if(*events, [](const server::core::Event& event) { return std::holds_alternative<E>(event); });
}

template <typename E>
void ForEach(std::vector<server::core::Event>* events, const std::function<void(E&)>& change) {
  for (server::core::Event& event : *events) {
    if (E* one = std::get_if<E>(&event)) change(*one);
  }
}

}  // namespace basin::tests::simulation
