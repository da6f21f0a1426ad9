#include "worker/train/kernels/kernels.h"
#include "worker/train/kernels/patch_product.h"
#include "worker/train/kernels/row_product.h"
#include "worker/train/kernels/simd_512.h"
#include "worker/train/kernels/winograd.h"

// Built for AVX-512, and reached through the table alone. It includes nothing whose code other sources share: the
// linker would keep one copy, perhaps this one, for all (tests/tidy holds this down).
namespace basin::worker::train::kernels {

const Kernels<float>& Kernels512() {
  static constexpr Kernels<float> kKernels{&MultiplyRows<Simd512>,
                                           &MultiplyTransposed<Simd512>,
                                           &MultiplyPatches<Simd512>,
                                           &MultiplyTransposedPatches<Simd512>,
                                           &TransformWindows<Simd512>,
                                           &TransformDeltas<Simd512>,
                                           &TransformOutputs<Simd512>,
                                           &MultiplyPlanes<Simd512>,
                                           &MultiplyTransposedPlanes<Simd512>};
  return kKernels;
}

}  // namespace basin::worker::train::kernels
