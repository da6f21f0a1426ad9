#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace basin::worker::train {

// Goes over all that a training must remember to go on bit by bit: each part of it that has state has a function
// `void VisitState(StateVisitor& visitor)`, which names every value once, in a fixed order. One visitor writes the
// values into a checkpoint, another sets them from one; the parts do not know which.
//
// A name is unique within its part and made of [a-z0-9_.]; `Scope` puts a part's name before those of its values. What
// follows from the workload, the seed and the step (a schedule's rate, an epoch's order) is not state.
class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  // Values of a fixed number: a part whose number varies visits the number first, and makes room by it. Floats must
  // live as long as the visitor; doubles and counts need not.
  virtual void Floats(std::string_view name, std::span<float> values) = 0;
  virtual void Doubles(std::string_view name, std::span<double> values) = 0;
  virtual void Count(std::string_view name, uint64_t& value) = 0;

  void Double(std::string_view name, double& value) { Doubles(name, {&value, 1}); }
  void Flag(std::string_view name, bool& value) {
    uint64_t count = value ? 1 : 0;
    Count(name, count);
    value = count != 0;
  }

  // Puts "`name`." before the names visited while it lives.
  class Scope {
   public:
    Scope(StateVisitor& visitor, std::string_view name) : visitor_(visitor) { visitor_.Enter(name); }
    ~Scope() { visitor_.Leave(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    StateVisitor& visitor_;
  };

 private:
  virtual void Enter(std::string_view name) = 0;
  virtual void Leave() = 0;
};

}  // namespace basin::worker::train
