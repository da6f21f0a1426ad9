#pragma once

namespace basin::benchmark {

// What this core can do at most, measured now: a product of two matrices of 1024 x 1024 floats by Eigen, which packs
// and blocks for the caches, and fused multiply-adds of packets in registers alone. GFLOP/s, the best of a few.
double MatrixProductGflops();
double MultiplyAddGflops();

}  // namespace basin::benchmark
