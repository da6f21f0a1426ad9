#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/train/network_shape.h"
#include "worker/train/product.h"

namespace basin::worker::train {

// The values of a node, or the derivatives by them: for each example an image whose pixels' channels lie side by side.
template <typename T>
struct Values {
  const T* const* rows = nullptr;  // rows[i] is example i's first pixel.
  T* data = nullptr;               // The same as rows[0], where they are written; null for the examples themselves.
  int64_t stride = 0;              // From an example to the next: a multiple of 16.
  int64_t line = 0;                // From the first pixel of an image's row to that of the next.

  T* at(int64_t example) const { return data + example * stride; }
};

// Which numbers a dropout draws: those of one step of one trial.
struct Draw {
  uint64_t seed = 0;
  uint64_t step = 0;
  int64_t first_row = 0;  // The place of the pass's first example in the step's batch.
};

// What a layer sees of a pass over examples. Arrays with an element for each input of the node.
template <typename T>
struct Pass {
  const T* params = nullptr;  // Of the whole network.
  std::array<Values<T>, 2> in, in_deltas;
  Values<T> out;
  Values<T> out_deltas;  // Derivatives of the loss by the node's sums, before its activation.

  // What Backward does with an input's derivatives: leaves them, sets them, or adds to what stands there; and then,
  // where it is the last to do so, multiplies by the derivative of the activation that the input's node has, by means
  // of its outputs.
  struct Edge {
    bool wanted = false, accumulate = false;
    Finish finish = Finish::kNone;
  };
  std::array<Edge, 2> edges;

  T* state = nullptr;           // StateSize() elements for the pass.
  T* example_state = nullptr;   // ExampleStateSize() elements for each example.
  bool training = false;        // With dropout and the batch's statistics.
  bool differentiated = false;  // Backward and Gradient follow.
  Draw draw;

  // This pass with the derivatives of another.
  Pass WithDeltasOf(const Pass& other) const {
    Pass pass = *this;
    pass.in_deltas = other.in_deltas;
    pass.out_deltas = other.out_deltas;
    return pass;
  }
};

// What a derivative by a node's output is multiplied by, to be one by its sum; see Finish.
inline Finish GateOf(Activation activation) {
  if (activation == Activation::kRelu) return Finish::kReluGate;
  return activation == Activation::kTanh ? Finish::kTanhGate : Finish::kNone;
}

// Consecutive elements of a layer's parameters, begin .. end - 1, counted from the first.
struct PiecePart {
  int64_t begin, end;
};

// A node's computation. Immutable: what is remembered from forward to backward is in the Pass. T is float, or double
// for gradient checks.
template <typename T>
class Layer {
 public:
  virtual ~Layer() = default;

  virtual int64_t StateSize() const { return 0; }
  virtual int64_t ExampleStateSize() const { return 0; }

  // Once before a pass, alone: puts what follows from the parameters into the state.
  virtual void Prepare(const Pass<T>&) const {}

  // For examples first .. first + count - 1, on any thread; other examples are under way on others.
  virtual void Forward(const Pass<T>& pass, int64_t first, int64_t count) const = 0;
  virtual void Backward(const Pass<T>& pass, int64_t first, int64_t count) const = 0;

  // The gradient of the layer's parameters is cut into pieces of one or more parts, in any order. Together they have
  // each element once.
  virtual int64_t pieces() const { return 0; }
  virtual std::vector<PiecePart> PieceParts(int64_t) const { return {}; }
  // A piece's sum over the examples 0 .. count - 1, in their order, or that added to what stands in `result`, where one
  // part lies behind the other.
  virtual void Gradient(const Pass<T>&, int64_t, int64_t, bool, T*) const {}

  // The same three along a direction in the space of parameters, for Hessian products (Pearlmutter 1994): how fast what
  // they compute changes, as the parameters move with the velocity `tangent.params`. Everything in `tangent` is such a
  // rate of change of what is in `pass`, of which the same method has been called; `tangent.in[k]` of an input that no
  // parameter reaches (whose edge is not `wanted`) may be null. What an edge's finish multiplies by changes as well:
  // that part is not added here, but once a node (see network_tangent.cc). Only in passes that are not `training`.
  virtual void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const = 0;
  virtual void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const = 0;
  // Unless overridden, for layers that leave their examples' gradients in the state, what BackwardTangent left there.
  virtual void GradientTangent(const Pass<T>&, const Pass<T>& tangent, int64_t piece, int64_t count, bool accumulate,
                               T* result) const {
    Gradient(tangent, piece, count, accumulate, result);
  }
};

// The layer of a node that is neither the input nor a batch norm.
template <typename T>
std::unique_ptr<Layer<T>> MakeLayer(const NetworkShape& shape, const Node& node);

}  // namespace basin::worker::train
