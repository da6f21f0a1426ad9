#include "tests/benchmark/core_peak.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>

#include "Eigen/Core"

namespace basin::benchmark {
namespace {

// The best rate of `repetitions` calls of `work`, which does `flops`.
template <typename Work>
double BestGflops(int repetitions, double flops, const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int i = 0; i < repetitions; ++i) {
    const Clock::time_point begin = Clock::now();
    work();
    best = std::max(best, flops / std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best / 1e9;
}

}  // namespace

double MatrixProductGflops() {
  constexpr Eigen::Index kSize = 1024;
  Eigen::MatrixXf a = Eigen::MatrixXf::Random(kSize, kSize), b = Eigen::MatrixXf::Random(kSize, kSize);
  Eigen::MatrixXf product(kSize, kSize);
  return BestGflops(8, 2.0 * kSize * kSize * kSize, [&] { product.noalias() = a * b; });
}

double MultiplyAddGflops() {
  constexpr int kChains = 12;  // More than two units with a latency of four cycles need.
  constexpr int kRounds = 200'000;
  __m256 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_ps(static_cast<float>(i));  // No two the same.
  return BestGflops(20, 2.0 * 8 * kChains * kRounds, [&] {
    const __m256 factor = _mm256_set1_ps(0.5f), term = _mm256_set1_ps(0.5f);
    __m256 chains[kChains];
    std::copy_n(sums, kChains, chains);
    for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
      for (__m256& chain : chains) chain = _mm256_fmadd_ps(chain, factor, term);
      asm volatile("" : : "x"(chains[0]));  // The loop is not to be foreseen.
    }
    std::copy_n(chains, kChains, sums);
    asm volatile("" : : "r"(sums) : "memory");  // As if somebody read them.
  });
}

}  // namespace basin::benchmark
