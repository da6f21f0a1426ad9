#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/claims/claims_file.h"
#include "client/claims/sweep_results.h"
#include "gtest/gtest.h"

namespace basin::client::claims {

// Two batch sizes x two rates, the rate varying fastest; six seeds.
inline constexpr char kSweep[] = R"(
name: small
objective: {minimize: val_loss}
seeds: 6
train:
  dataset: {name: digits}
  model: {softmax_regression: {}}
  epochs: 2
  batch_size: {$values: [16, full]}
  learning_rate: {$values: [0.1, 0.2]}
)";

// Two batch sizes x eight rates, the rate varying fastest; sixteen seeds.
inline constexpr char kLarge[] = R"(
name: large
objective: {minimize: val_loss}
seeds: 16
train:
  dataset: {name: digits}
  model: {softmax_regression: {}}
  epochs: 2
  batch_size: {$values: [16, full]}
  learning_rate: {$values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]}
)";

// A field that only one of its schedules has.
inline constexpr char kChoice[] = R"(
name: choice
objective: {minimize: val_loss}
seeds: 2
train:
  dataset: {name: digits}
  model: {softmax_regression: {}}
  epochs: 2
  batch_size: 16
  learning_rate: 0.1
  schedule: {$choice: [constant: {}, exponential: {gamma: {$values: [0.7, 0.9]}}]}
)";

inline absl::StatusOr<std::vector<Claim>> Parse(const std::string& text) {
  return ParseClaims(text, "claims.yaml", [](const std::string& file) -> absl::StatusOr<std::string> {
    if (file == "small.yaml") return std::string(kSweep);
    if (file == "large.yaml") return std::string(kLarge);
    if (file == "choice.yaml") return std::string(kChoice);
    if (file == "bad.yaml") return std::string("name: bad\n");
    return absl::InvalidArgumentError(file + ": cannot be read");
  });
}

// A claim about the small sweep, or another, with these tests, each a line of YAML in braces.
inline Claim ClaimOf(const std::vector<std::string>& tests, const std::string& pictures = "",
                     const std::string& sweep = "small.yaml") {
  std::string text = "claims:\n  - number: 1\n    claim: It is so.\n    sweeps: [" + sweep + "]\n    tests:\n";
  for (const std::string& test : tests) text += "      - " + test + "\n";
  if (!pictures.empty()) text += "    pictures: [" + pictures + "]\n";
  absl::StatusOr<std::vector<Claim>> claims = Parse(text);
  if (!claims.ok()) {
    ADD_FAILURE() << claims.status();
    return {};
  }
  return claims->front();
}

// All trials, of which `value` says what each measured by (config, seed).
inline SweepResults ResultsOf(const Claim& claim, const std::string& metric,
                              const std::function<double(uint64_t config, uint64_t seed)>& value) {
  SweepResults results(claim.sweeps.front(), "k3f9");
  for (uint64_t index = 0; index < results.configs() * results.seeds(); ++index) {
    v1::Trial trial;
    trial.set_index(index);
    trial.set_state(v1::TRIAL_STATE_SUCCEEDED);
    const double measured = value(index % results.configs(), index / results.configs());
    if (metric == "val_loss") trial.set_objective(measured);
    (*trial.mutable_metrics())[metric] = measured;
    results.Add(trial);
  }
  return results;
}

}  // namespace basin::client::claims
