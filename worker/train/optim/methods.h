#pragma once

#include <memory>
#include <span>

#include "worker/train/optim/optimizer.h"

// The methods, each defined in a file of its own, for Optimizer::Create alone.

namespace basin::worker::train {

using Tensors = std::span<const ParameterTensor>;

inline size_t ParameterCount(Tensors tensors) {
  return tensors.empty() ? 0 : tensors.back().offset + tensors.back().size();
}

std::unique_ptr<Optimizer> CreateSgd(const v1::Sgd& spec, Tensors tensors);
std::unique_ptr<Optimizer> CreateRmsprop(const v1::Rmsprop& spec, Tensors tensors);
std::unique_ptr<Optimizer> CreateAdagrad(const v1::Adagrad& spec, Tensors tensors);
std::unique_ptr<Optimizer> CreateAdam(const v1::Adam& spec, Tensors tensors);
std::unique_ptr<Optimizer> CreateAdamW(const v1::AdamW& spec, Tensors tensors);
std::unique_ptr<Optimizer> CreateLars(const v1::Lars& spec, Tensors tensors);
std::unique_ptr<Optimizer> CreateLamb(const v1::Lamb& spec, Tensors tensors);
std::unique_ptr<Optimizer> CreateSam(const v1::Sam& spec, Tensors tensors);

}  // namespace basin::worker::train
