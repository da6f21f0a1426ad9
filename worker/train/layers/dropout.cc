#include "worker/train/layers/dropout.h"

#include "proto/contract/random/philox.h"
#include "worker/train/layers/elementwise.h"

namespace basin::worker::train {

template <typename T>
int64_t DropoutLayer<T>::ExampleStateSize() const {
  return (node_.output.size() + 15) / 16 * 16;
}

template <typename T>
void DropoutLayer<T>::DrawMask(const Pass<T>& pass, int64_t example, T* mask) const {
  const T kept = static_cast<T>(1 / (1 - node_.probability));
  const auto dropped_words = static_cast<uint64_t>(node_.probability * 0x1p32);
  const int64_t size = node_.output.size(), blocks = (size + 3) / 4;
  const uint64_t substream = pass.draw.step * 4096 + static_cast<uint64_t>(node_.dropout);
  const auto first = static_cast<uint64_t>((pass.draw.first_row + example) * blocks);
  for (int64_t block = 0; block < blocks; ++block) {
    const std::array<uint32_t, 4> words = contract::RandomStream::Block(
        pass.draw.seed, contract::RandomPurpose::kDropout, substream, first + static_cast<uint64_t>(block));
    // The state's room is a multiple of 4.
    for (int64_t k = 0; k < 4; ++k) mask[4 * block + k] = words[static_cast<size_t>(k)] < dropped_words ? T(0) : kept;
  }
}

template <typename T>
void DropoutLayer<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const int64_t length = int64_t{node_.output.width} * node_.output.channels;
  for (int64_t i = first; i < first + count; ++i) {
    T* mask = pass.example_state + i * ExampleStateSize();
    if (pass.training) DrawMask(pass, i, mask);
    for (int64_t y = 0; y < node_.output.height; ++y) {
      const T* from = pass.in[0].rows[i] + y * pass.in[0].line;
      T* to = pass.out.at(i) + y * pass.out.line;
      for (int64_t j = 0; j < length; j += kLanes<T>) {
        const Packet<T> x = Load(from + j);
        StoreLanes<T>(to + j, pass.training ? packet::pmul(x, Load(mask + y * length + j)) : x, length - j);
      }
    }
  }
}

template <typename T>
void DropoutLayer<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const int64_t length = int64_t{node_.output.width} * node_.output.channels;
  for (int64_t i = first; i < first + count; ++i) {
    const T* mask = pass.example_state + i * ExampleStateSize();
    for (int64_t y = 0; y < node_.output.height; ++y) {
      const T* from = pass.out_deltas.at(i) + y * pass.out_deltas.line;
      const T* gate = pass.in[0].rows[i] + y * pass.in[0].line;
      T* to = pass.in_deltas[0].at(i) + y * pass.in_deltas[0].line;
      for (int64_t j = 0; j < length; j += kLanes<T>) {
        const Packet<T> delta = Load(from + j);
        Settle<T>(edge, gate + j, to + j, pass.training ? packet::pmul(delta, Load(mask + y * length + j)) : delta,
                  length - j);
      }
    }
  }
}

template <typename T>
void DropoutLayer<T>::ForwardTangent(const Pass<T>&, const Pass<T>& tangent, int64_t first, int64_t count) const {
  Forward(tangent, first, count);
}

template <typename T>
void DropoutLayer<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  Backward(pass.WithDeltasOf(tangent), first, count);
}

template class DropoutLayer<float>;
template class DropoutLayer<double>;

}  // namespace basin::worker::train
