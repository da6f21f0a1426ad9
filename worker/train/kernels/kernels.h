#pragma once

#include <cstdint>

#include "worker/train/patch_product.h"
#include "worker/train/product.h"
#include "worker/train/winograd.h"

namespace basin::worker::train::kernels {

// The products and transforms that take a training's time, for one instruction set; product.h, patch_product.h and
// winograd.h say what each computes. All sets give the same bits: the chain of multiply-adds of an element does not
// know in which lane it runs.
template <typename T>
struct Kernels {
  decltype(&train::MultiplyRows<T>) multiply_rows;
  decltype(&train::MultiplyTransposed<T>) multiply_transposed;
  decltype(&train::MultiplyPatches<T>) multiply_patches;
  decltype(&train::MultiplyTransposedPatches<T>) multiply_transposed_patches;
  decltype(&train::TransformWindows<T>) transform_windows;
  decltype(&train::TransformDeltas<T>) transform_deltas;
  decltype(&train::TransformOutputs<T>) transform_outputs;
  decltype(&train::MultiplyPlanes<T>) multiply_planes;
  decltype(&train::MultiplyTransposedPlanes<T>) multiply_transposed_planes;
};

// For AVX2 and FMA.
template <typename T>
const Kernels<T>& Kernels256();

// For AVX-512. May be called where the CPU has it alone.
const Kernels<float>& Kernels512();

// Whether this CPU and its operating system have AVX-512.
bool HasAvx512();

// The fastest that this CPU has.
template <typename T>
const Kernels<T>& FastestKernels();

}  // namespace basin::worker::train::kernels
