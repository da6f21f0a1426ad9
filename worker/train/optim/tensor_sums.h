#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "worker/train/optim/parallel.h"
#include "worker/train/parameter_tensor.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// Sums over the elements of each tensor, in double and in an order that does not depend on threads: over blocks of
// fixed borders, and these in their order. For norms.
class TensorSums {
 public:
  // Two sums are made at once, for those who need the norms of two vectors.
  using Sums = std::array<double, 2>;

  explicit TensorSums(std::span<const ParameterTensor> tensors) : of_tensors_(tensors.size()) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      const size_t end = tensors[i].offset + tensors[i].size();
      for (size_t begin = tensors[i].offset; begin < end; begin += kBlock) {
        blocks_.push_back({i, begin, std::min(begin + kBlock, end), {}});
      }
    }
  }

  // `sums_of_block(tensor, begin, end)` returns the sums over a block's elements; it is called once for each block,
  // from the pool's threads. The result has the sums of each tensor, until the next call.
  template <typename SumsOfBlock>
  std::span<const Sums> Compute(ThreadPool* pool, const SumsOfBlock& sums_of_block) {
    ForRanges(pool, blocks_.size(), kBlock, [&](size_t first, size_t last) {
      for (size_t b = first; b < last; ++b) {
        Block& block = blocks_[b];
        block.sums = sums_of_block(block.tensor, block.begin, block.end);
      }
    });
    std::fill(of_tensors_.begin(), of_tensors_.end(), Sums{});
    for (const Block& block : blocks_) {
      for (size_t k = 0; k < block.sums.size(); ++k) of_tensors_[block.tensor][k] += block.sums[k];
    }
    return of_tensors_;
  }

 private:
  static constexpr size_t kBlock = 4096;
  struct Block {
    size_t tensor, begin, end;
    Sums sums;
  };
  std::vector<Block> blocks_;
  std::vector<Sums> of_tensors_;
};

// The sum of the squares of `count` floats, in a fixed order.
double SumOfSquares(const float* values, size_t count);

}  // namespace basin::worker::train
