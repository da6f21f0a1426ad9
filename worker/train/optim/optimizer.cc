#include "worker/train/optim/optimizer.h"

#include <cstdlib>

#include "worker/train/optim/methods.h"

namespace basin::worker::train {

std::unique_ptr<Optimizer> Optimizer::Create(const v1::Optimizer& spec, Tensors tensors) {
  switch (spec.kind_case()) {
    case v1::Optimizer::kSgd:
      return CreateSgd(spec.sgd(), tensors);
    case v1::Optimizer::kRmsprop:
      return CreateRmsprop(spec.rmsprop(), tensors);
    case v1::Optimizer::kAdagrad:
      return CreateAdagrad(spec.adagrad(), tensors);
    case v1::Optimizer::kAdam:
      return CreateAdam(spec.adam(), tensors);
    case v1::Optimizer::kAdamw:
      return CreateAdamW(spec.adamw(), tensors);
    case v1::Optimizer::kLars:
      return CreateLars(spec.lars(), tensors);
    case v1::Optimizer::kLamb:
      return CreateLamb(spec.lamb(), tensors);
    case v1::Optimizer::kSam:
      return CreateSam(spec.sam(), tensors);
    case v1::Optimizer::KIND_NOT_SET:
      break;
  }
  std::abort();  // The rules require one.
}

int StateFloatsPerParameter(const v1::Optimizer& spec) {
  switch (spec.kind_case()) {
    case v1::Optimizer::kSgd:
      return spec.sgd().momentum() != 0;
    case v1::Optimizer::kRmsprop:
      return 1 + spec.rmsprop().centered() + (spec.rmsprop().momentum() != 0);
    case v1::Optimizer::kAdagrad:
    case v1::Optimizer::kLars:
      return 1;
    case v1::Optimizer::kAdam:
      return 2 + spec.adam().amsgrad();
    case v1::Optimizer::kAdamw:
      return 2 + spec.adamw().amsgrad();
    case v1::Optimizer::kLamb:
      return 2;
    case v1::Optimizer::kSam:
      return 1 + StateFloatsPerParameter(spec.sam().base());
    case v1::Optimizer::KIND_NOT_SET:
      break;
  }
  return 0;
}

}  // namespace basin::worker::train
