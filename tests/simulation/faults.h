#pragma once

#include "server/core/model.h"
#include "tests/simulation/dice.h"

namespace basin::tests::simulation {

// How often what goes wrong in one run. Each seed draws its own: some runs have one kind of fault alone, some all.
struct Faults {
  using Time = server::core::MonoTime;
  double loss = 0;       // Of a message, either way.
  double duplicate = 0;  // Of a request.
  double slow = 0;       // A message that takes up to `slow_delay`: it is overtaken by later ones.
  Time max_delay = std::chrono::milliseconds(5);
  Time slow_delay{};
  double commit_fails = 0;  // The disk is full.
  double damaged = 0;       // Of a checkpoint from which an attempt is to go on.
  double impostor = 0;      // Of a report: it also tells the end of a trial that another worker runs.
  // Mean times between faults; zero: never.
  Time coordinator_crash{};
  Time coordinator_stop{};
  Time worker_crash{};
  Time worker_stop{};
  Time worker_leave{};
  Time partition{};
  Time clock_jump{};

  static Faults Draw(Dice& dice) {
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    Faults faults;
    const auto rate = [&dice](double most) { return dice.Chance(0.5) ? dice.Unit() * most : 0.0; };
    const auto every = [&dice](Time least, Time most) { return dice.Chance(0.5) ? dice.Between(least, most) : Time{}; };
    faults.loss = rate(0.3);
    faults.duplicate = rate(0.3);
    faults.slow = rate(0.2);
    faults.max_delay = dice.Between(milliseconds(1), milliseconds(300));
    faults.slow_delay = dice.Between(seconds(1), seconds(40));
    faults.commit_fails = rate(0.1);
    faults.damaged = rate(0.5);
    faults.impostor = rate(0.1);
    faults.coordinator_crash = every(seconds(5), seconds(90));
    faults.coordinator_stop = every(seconds(10), seconds(120));
    faults.worker_crash = every(seconds(5), seconds(120));
    faults.worker_stop = every(seconds(5), seconds(90));
    faults.worker_leave = every(seconds(5), seconds(120));
    faults.partition = every(seconds(5), seconds(90));
    faults.clock_jump = every(seconds(5), seconds(60));
    return faults;
  }
};

}  // namespace basin::tests::simulation
