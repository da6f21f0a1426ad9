#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/examples.h"
#include "worker/train/network.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::analysis {

// A place w + alpha * d1 + beta * d2 of a plane, or with beta = 0 of a line.
struct PlanePoint {
  double alpha = 0, beta = 0;
};

// The flat vectors of a network that moves along a direction: its parameters and, where they move too, its buffers.
struct FlatVectors {
  std::vector<float> params;
  std::vector<float> buffers;  // Of a direction: empty if they stay.
};

// Loss and accuracy of a network over examples, as Evaluate measures them (without label smoothing), on a plane through
// its weights.
//
// Where the network begins with a dense layer, its sums are affine in alpha and beta: X W + alpha X D1 + beta X D2. The
// three products are made once, and each place only combines them and goes on from there; that is nearly all of a
// perceptron's work.
class LossPlane {
 public:
  // Of the loss `loss`. `second` may be null: a line. The examples outlive this; the vectors are copied. `pool` may be
  // null. REQUIRES: an example or more. Throws std::bad_alloc.
  LossPlane(train::NetworkShape shape, const train::Loss& loss, const FlatVectors& origin, const FlatVectors& first,
            const FlatVectors* second, const train::Examples& examples, train::ThreadPool* pool);

  // Of each point. Results have the same bits for any number of threads, and whichever points are asked for together.
  // May be called from several threads at once, with a pool each. Throws std::bad_alloc.
  std::vector<train::Network<float>::Score> Evaluate(std::span<const PlanePoint> points, train::ThreadPool* pool) const;

  // Bytes that this keeps.
  size_t bytes() const;

 private:
  struct Vectors {  // Of the network: padded, as it reads them.
    train::AlignedBuffer<float> params, buffers;
  };
  struct Block {
    int64_t first, count;
  };
  class Walker;

  void MultiplyHead(const train::NetworkShape& shape, train::ThreadPool* pool);

  const bool has_head_;                            // A dense layer, that is computed here.
  const train::Node head_;                         // It.
  train::Network<float> tail_;                     // The rest, or all.
  std::vector<Vectors> vectors_;                   // Origin and directions.
  std::vector<train::AlignedBuffer<float>> sums_;  // The head's, of all examples, of each of the vectors.
  int64_t sum_stride_ = 0;
  train::Examples examples_;
  std::vector<Block> blocks_;
};

}  // namespace basin::worker::analysis
