#include "worker/train/layers/add.h"

#include <algorithm>

#include "worker/train/layers/elementwise.h"

namespace basin::worker::train {

template <typename T>
void Add<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const auto& [a, b] = pass.in;
  const Stretches stretches = StretchesOf(node_.output, {a.line, b.line, pass.out.line});
  for (int64_t i = first; i < first + count; ++i) {
    for (int64_t y = 0; y < stretches.count; ++y) {
      const T* left = a.rows[i] + y * a.line;
      const T* right = b.rows[i] + y * b.line;
      T* to = pass.out.at(i) + y * pass.out.line;
      for (int64_t j = 0; j < stretches.length; j += kLanes<T>) {
        StoreLanes<T>(to + j, Activated<T>(node_.activation, packet::padd(Load(left + j), Load(right + j))),
                      stretches.length - j);
      }
    }
  }
}

template <typename T>
void Add<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  for (size_t k = 0; k < 2; ++k) {
    const typename Pass<T>::Edge& edge = pass.edges[k];
    if (!edge.wanted) continue;
    const Values<T>& in = pass.in[k];
    const Values<T>& to = pass.in_deltas[k];
    const Stretches stretches = StretchesOf(node_.output, {in.line, to.line, pass.out_deltas.line});
    for (int64_t i = first; i < first + count; ++i) {
      for (int64_t y = 0; y < stretches.count; ++y) {
        const T* gate = in.rows[i] + y * in.line;
        const T* deltas = pass.out_deltas.at(i) + y * pass.out_deltas.line;
        T* target = to.at(i) + y * to.line;
        for (int64_t j = 0; j < stretches.length; j += kLanes<T>) {
          Settle<T>(edge, gate + j, target + j, Load(deltas + j), stretches.length - j);
        }
      }
    }
  }
}

template <typename T>
void Add<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  const Finish gate = GateOf(node_.activation);
  const Stretches stretches = StretchesOf(node_.output, {pass.in[0].line, pass.in[1].line, pass.out.line});
  for (int64_t i = first; i < first + count; ++i) {
    for (int64_t y = 0; y < stretches.count; ++y) {
      const T* values = pass.out.at(i) + y * pass.out.line;
      T* to = tangent.out.at(i) + y * tangent.out.line;
      for (int64_t j = 0; j < stretches.length; j += kLanes<T>) {
        Packet<T> sum = Broadcast<T>(T(0));
        for (size_t k = 0; k < 2; ++k) {
          if (!pass.edges[k].wanted) continue;
          sum = packet::padd(sum, Load(tangent.in[k].rows[i] + y * tangent.in[k].line + j));
        }
        StoreLanes<T>(to + j, Finished<T>(gate, sum, values + j), stretches.length - j);
      }
    }
  }
}

template <typename T>
void Add<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  Backward(pass.WithDeltasOf(tangent), first, count);
}

template <typename T>
Subsample<T>::Subsample(const NetworkShape& shape, const Node& node)
    : node_(node), input_(shape.nodes[static_cast<size_t>(node.inputs[0])].output) {}

template <typename T>
void Subsample<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  for (int64_t i = first; i < first + count; ++i) {
    for (int64_t y = 0; y < node_.output.height; ++y) {
      for (int64_t x = 0; x < node_.output.width; ++x) {
        const T* from = pass.in[0].rows[i] + y * node_.stride * pass.in[0].line + x * node_.stride * input_.channels;
        T* to = pass.out.at(i) + y * pass.out.line + x * node_.output.channels;
        std::copy_n(from, input_.channels, to);
        std::fill(to + input_.channels, to + node_.output.channels, T(0));
      }
    }
  }
}

template <typename T>
void Subsample<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const Values<T>& in_deltas = pass.in_deltas[0];
  for (int64_t i = first; i < first + count; ++i) {
    BeginDeltas<T>(input_, edge, in_deltas, i);
    for (int64_t y = 0; y < node_.output.height; ++y) {
      for (int64_t x = 0; x < node_.output.width; ++x) {
        const T* from = pass.out_deltas.at(i) + y * pass.out_deltas.line + x * node_.output.channels;
        T* to = in_deltas.at(i) + y * node_.stride * in_deltas.line + x * node_.stride * input_.channels;
        for (int32_t c = 0; c < input_.channels; ++c) to[c] += from[c];
      }
    }
    FinishDeltas<T>(input_, edge, pass.in[0], in_deltas, i);
  }
}

template <typename T>
void Subsample<T>::ForwardTangent(const Pass<T>&, const Pass<T>& tangent, int64_t first, int64_t count) const {
  Forward(tangent, first, count);
}

template <typename T>
void Subsample<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  Backward(pass.WithDeltasOf(tangent), first, count);
}

template class Add<float>;
template class Add<double>;
template class Subsample<float>;
template class Subsample<double>;

}  // namespace basin::worker::train
