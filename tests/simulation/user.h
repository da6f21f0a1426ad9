#pragma once

#include <functional>
#include <string>

#include "tests/simulation/network.h"
#include "tests/simulation/world.h"

namespace basin::tests::simulation {

// A person who submits a sweep and meddles with it. Repeats what is not answered, with the same request id.
class User {
 public:
  User(World* world, CoordinatorHost* coordinator, std::string name);

  void Submit();
  // Once faults have stopped: what is paused goes on.
  void ResumeAll();
  int64_t trials() const { return static_cast<int64_t>(definition_->trials()); }

 private:
  void Meddle();
  void Send(server::core::Command command, std::function<void(const absl::StatusOr<server::core::Reply>&)> answered);

  World& world_;
  Network network_;
  Dice dice_;
  const std::string name_;
  std::shared_ptr<const server::core::SweepDefinition> definition_;
  bool created_ = false;
};

}  // namespace basin::tests::simulation
