#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "basin/v1/trial.pb.h"
#include "client/claims/claim.h"
#include "client/claims/statistics.h"
#include "proto/contract/aggregate.h"

namespace basin::client::claims {

// What the trials of a sweep measured.
class SweepResults {
 public:
  // Both must outlive this. `id` is the sweep's on the server.
  SweepResults(const ClaimSweep& sweep, std::string id) : sweep_(&sweep), id_(std::move(id)) {}

  // A trial that has ended with a result.
  void Add(const v1::Trial& trial);
  // The epochs that a training took, kEpochsTaken.
  void AddEpochs(uint64_t trial, double epochs) { trials_[trial].metrics[kEpochsTaken] = epochs; }

  const ClaimSweep& sweep() const { return *sweep_; }
  const std::string& id() const { return id_; }
  uint64_t configs() const { return sweep_->space->size(); }
  uint64_t seeds() const { return contract::SeedCount(sweep_->spec.seeds()); }

  // A metric of one trial: the objective's as the objective counts it (`at: best`), another's last value. NaN where
  // there is none: the trial diverged, or has no result.
  double Value(uint64_t config, uint64_t seed_position, const std::string& metric) const;
  // At each seed.
  std::vector<double> Values(uint64_t config, const std::string& metric) const;

  // Of the configs, the one with the best mean objective over these seeds; one without a value for some of them comes
  // after those with all. REQUIRES: not empty.
  uint64_t Best(const std::vector<uint64_t>& configs, const std::vector<uint64_t>& seed_positions) const;
  std::vector<uint64_t> AllSeeds() const;

 private:
  struct Trial {
    double objective = 0;
    std::map<std::string, double> metrics;
  };

  const ClaimSweep* sweep_;
  std::string id_;
  std::map<uint64_t, Trial> trials_;  // By index.
};

// Configs that belong together, and the best of them, which stands for them.
struct Group {
  std::string name;   // "batch_size=32"
  std::string among;  // How the best was found: "learning_rate=0.1", or empty where there is one config.
  std::vector<uint64_t> configs;
  uint64_t best = 0;
};

// The configs that a test's side selects, and the best of them over these seeds; named without the conditions that the
// other side has too, and without those of several values. REQUIRES: some.
Group GroupOf(const SweepResults& results, const Selection& selection, const Selection& other_side,
              const std::vector<uint64_t>& seed_positions);

// "batch_size=32 (best with learning_rate=0.1)".
std::string NameWithBest(const Group& group);

// The groups of a picture, in the order of the sweep, each with its best over all seeds: what is drawn of several
// configs is a little better than a new seed would be.
std::vector<Group> GroupsOf(const SweepResults& results, const Selection& of, const std::vector<std::string>& by);

}  // namespace basin::client::claims
