#include "worker/train/kernels/kernels.h"
#include "worker/train/kernels/patch_product.h"
#include "worker/train/kernels/row_product.h"
#include "worker/train/kernels/simd_256.h"
#include "worker/train/kernels/winograd.h"

namespace basin::worker::train::kernels {

template <typename T>
const Kernels<T>& Kernels256() {
  static constexpr Kernels<T> kKernels{&MultiplyRows<Simd256<T>>,
                                       &MultiplyTransposed<Simd256<T>>,
                                       &MultiplyPatches<Simd256<T>>,
                                       &MultiplyTransposedPatches<Simd256<T>>,
                                       &TransformWindows<Simd256<T>>,
                                       &TransformDeltas<Simd256<T>>,
                                       &TransformOutputs<Simd256<T>>,
                                       &MultiplyPlanes<Simd256<T>>,
                                       &MultiplyTransposedPlanes<Simd256<T>>};
  return kKernels;
}

template const Kernels<float>& Kernels256<float>();
template const Kernels<double>& Kernels256<double>();

}  // namespace basin::worker::train::kernels
