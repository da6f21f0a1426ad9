#pragma once

#include <cstdint>
#include <string>

#include "basin/v1/sweep.pb.h"

namespace basin::benchmark {

// The data set of all sweeps here, which every worker here has.
inline constexpr char kDataset[] = "digits";
inline constexpr char kDataDigest[] = "1f0c6a8e2d4b93571f0c6a8e2d4b93571f0c6a8e2d4b93571f0c6a8e2d4b9357";
inline constexpr char kEngine[] = "engine-of-the-benchmark";

// 20 batch sizes x 4 schedules x `rates` learning rates, over `seeds` seeds: three params a config.
v1::SweepSpec GridSweep(const std::string& name, uint64_t rates, uint64_t seeds);
inline constexpr uint64_t kConfigsARate = 80;

// What a trial reports: a falling loss that differs from trial to trial, always the same for the same arguments.
double LossOf(uint64_t trial, uint64_t step);
// 64 hex digits.
std::string WeightsDigestOf(uint64_t trial);

}  // namespace basin::benchmark
