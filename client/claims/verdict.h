#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/claims/claim.h"
#include "client/claims/statistics.h"
#include "client/claims/sweep_results.h"

namespace basin::client::claims {

enum class Outcome { kHolds, kOpposite, kNotToldApart };
enum class Verdict { kHolds, kInPart, kNotHere };

std::string Name(Outcome outcome);  // "holds"
std::string Name(Verdict verdict);  // "Holds"

// What the trials say of one test.
struct TestResult {
  Outcome outcome = Outcome::kNotToldApart;
  // Of 95%: a difference, a ratio, a ratio of standard deviations, a rank correlation. Nothing when too few seeds have
  // values on both sides.
  std::optional<Estimate> estimate;
  uint64_t chosen_by = 0;  // Seeds that chose the configs, and are no pairs; 0 where there was no choice.
  uint64_t pairs = 0;      // Seeds (trials, of a correlation) with values on both sides.
  uint64_t left_out = 0;   // Those without.
  // In words, with numbers: which configs stood for the sides, their means, and the estimate with its interval.
  std::string finding;
};

struct ClaimResult {
  Verdict verdict = Verdict::kNotHere;
  std::vector<TestResult> tests;  // Parallel to the claim's.
};

// An interval below zero is `lower`, above it `higher`; one that has zero in it tells nothing apart. No worse by a
// margin: the interval is wholly on the better side of the margin; wholly beyond it is the opposite.
Outcome Judge(const Expectation& expect, const Estimate& interval, bool lower_is_better);

// `results` are parallel to the claim's sweeps. Where a side has several configs, its best is chosen by the seeds at
// places 0, 2, 4, ... of the sweep and compared at the others: a config that was chosen because it did well with some
// seeds says nothing by doing well with the same ones, while seeds that took no part in the choice test it as any
// config.
//
// Each of m tests is judged by its interval of confidence 1 - 0.05 / m
// (Bonferroni): if nothing differs, one of them or more is told apart in at most 5% of cases. The claim holds if all
// tests hold, in part if some do.
ClaimResult Evaluate(const Claim& claim, const std::vector<const SweepResults*>& results);

}  // namespace basin::client::claims
