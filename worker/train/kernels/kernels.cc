#include "worker/train/kernels/kernels.h"

namespace basin::worker::train::kernels {

bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

template <>
const Kernels<float>& FastestKernels<float>() {
  static const Kernels<float>& fastest = HasAvx512() ? Kernels512() : Kernels256<float>();
  return fastest;
}

// Double is for gradient checks.
template <>
const Kernels<double>& FastestKernels<double>() {
  return Kernels256<double>();
}

}  // namespace basin::worker::train::kernels
