#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "basin/v1/optimizer.pb.h"
#include "worker/train/parameter_tensor.h"
#include "worker/train/state_visitor.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// How a step follows the gradient: an update rule with its state, on flat vectors. Each method is a file of this
// folder; `Create` alone knows them all; basin/v1/optimizer.proto has the formulas. Settings are immutable, and the
// learning rate comes with each step.
//
// A step is: BeginStep; where the method asks for it, SeeGradient, or SecondPoint; Update for ranges that cover all
// parameters once. The same bits for any ranges and any number of threads. Nothing is allocated after construction.
class Optimizer {
 public:
  // `spec` has its defaults filled in and its rules hold. `tensors` are all of the parameters, in order; they need not
  // outlive the call. Throws std::bad_alloc.
  static std::unique_ptr<Optimizer> Create(const v1::Optimizer& spec, std::span<const ParameterTensor> tensors);
  virtual ~Optimizer() = default;

  // Whether an element's update depends on the gradient of others: then SeeGradient is called in each step, with the
  // whole gradient, before any Update. Otherwise it never is.
  virtual bool needs_whole_gradient() const { return false; }
  virtual void SeeGradient(const float* /*params*/, const float* /*gradient*/, ThreadPool* /*pool*/) {}

  // Whether the gradient that Update takes is that of another point (SAM): SecondPoint then returns that point, given
  // the gradient at `params` and its L2 norm; it stays valid until the next call. It is called before SeeGradient.
  virtual bool needs_second_gradient() const { return false; }
  virtual const float* SecondPoint(const float* /*params*/, const float* /*gradient*/, double /*norm*/,
                                   ThreadPool* /*pool*/) {
    return nullptr;
  }

  virtual void BeginStep(double rate) = 0;

  // Updates elements begin .. end - 1. `params` points to element 0, `gradient` to element `begin`. From any threads,
  // for disjoint ranges at once.
  virtual void Update(float* params, const float* gradient, size_t begin, size_t end) = 0;

  virtual void VisitState(StateVisitor& visitor) = 0;
};

// The number of floats that an optimizer keeps for each parameter.
int StateFloatsPerParameter(const v1::Optimizer& spec);

}  // namespace basin::worker::train
