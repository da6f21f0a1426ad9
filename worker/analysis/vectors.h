#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// Flat vectors in float. Sums over them are made in double and in a fixed order, so that they have the same bits on
// every machine.
namespace basin::worker::analysis {

double Dot(std::span<const float> a, std::span<const float> b);
double Norm(std::span<const float> a);

// a + scale * b.
std::vector<float> Sum(std::span<const float> a, double scale, std::span<const float> b);
std::vector<float> Difference(std::span<const float> a, std::span<const float> b);

// What random vectors are for; each kind takes numbers of its own of the stream (seed, kDirections), whichever else are
// drawn. Numbers are part of results and never change meaning.
enum class RandomVector : uint32_t {
  kDirection = 0,
  kLanczosStart = 1,
  kTraceProbe = 2,
  kDensityProbe = 3,
  kNoise = 4
};

// Standard normal elements, or -1 and 1 with equal chances; vector number `number` of its kind.
std::vector<float> NormalVector(size_t size, uint64_t seed, RandomVector kind, uint32_t number);
std::vector<float> SignVector(size_t size, uint64_t seed, RandomVector kind, uint32_t number);

// A mean over random draws, and its standard error: the draws' standard deviation over the square root of their number.
struct Estimate {
  double mean = 0;
  double standard_error = 0;
};
// REQUIRES: two draws or more.
Estimate EstimateOf(std::span<const double> draws);

}  // namespace basin::worker::analysis
