#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/train/network.h"

// How a network's work is shared between threads. Included by the sources of Network alone.
namespace basin::worker::train {

// Multiply-adds below which a fork and join costs more than it saves.
inline constexpr double kForkWork = 400e3;

// Calls task(thread, begin, end) for ranges that cover 0 .. count - 1, in parallel if `work` (multiply-adds in all)
// pays for it.
template <typename Task>
void ForRanges(ThreadPool* pool, double work, int64_t count, const Task& task) {
  if (pool == nullptr || pool->threads() == 1 || work < kForkWork || count < 2) {
    task(0, int64_t{0}, count);
    return;
  }
  const int64_t threads = pool->threads();
  pool->Run([&](int index) {
    const int64_t begin = count * index / threads, end = count * (index + 1) / threads;
    if (begin < end) task(index, begin, end);
  });
}

template <typename T>
template <typename Task>
void Network<T>::ForBlocks(ThreadPool* pool, int64_t count, const Task& task) const {
  const double work = static_cast<double>(count) * multiply_adds_ / static_cast<double>(plan_.stages.size());
  ForRanges(pool, work, count, [&](int, int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += plan_.block_rows) {
      task(Rows{first, std::min(first + plan_.block_rows, end)});
    }
  });
}

template <typename T>
template <typename Task>
void Network<T>::ForPieces(ThreadPool* pool, size_t stage, int64_t count, const Workspace& workspace,
                           const Task& task) const {
  const auto& pieces = workspace.pieces_[stage];
  const double work = workspace.stage_work_[stage];
  const auto run = [&](int thread, int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) task(thread, pieces[static_cast<size_t>(p)]);
  };
  const auto number = static_cast<int64_t>(pieces.size());
  if (pool == nullptr || pool->threads() == 1 || work * static_cast<double>(count) < kForkWork || number < 2) {
    run(0, 0, number);
    return;
  }
  // Shares of equal work, not number.
  const auto first_of = [&](int index) {
    const double share = work * index / pool->threads();
    return std::partition_point(pieces.begin(), pieces.end(),
                                [share](const auto& piece) { return piece.work_before < share; }) -
           pieces.begin();
  };
  pool->Run(
      [&](int index) { run(index, first_of(index), index + 1 == pool->threads() ? number : first_of(index + 1)); });
}

// Calls compute(to, adds) for a piece of the gradient, and then visit(part, elements) for each of its parts. It is
// computed where it belongs in `gradient`; or, if that is null or has it in several parts, in `scratch`.
template <typename T, typename Compute, typename Visit>
void ComputePiece(const std::vector<PiecePart>& parts, T* gradient, bool accumulate, T* scratch, const Compute& compute,
                  const Visit& visit) {
  if (gradient != nullptr && parts.size() == 1) {
    compute(gradient + parts[0].begin, accumulate);
    visit(parts[0], gradient + parts[0].begin);
    return;
  }
  compute(scratch, gradient == nullptr && accumulate);
  const T* from = scratch;
  for (const PiecePart& part : parts) {
    const int64_t size = part.end - part.begin;
    if (gradient == nullptr) {
      visit(part, from);
    } else {
      T* const to = gradient + part.begin;
      for (int64_t i = 0; i < size; ++i) to[i] = accumulate ? to[i] + from[i] : from[i];
      visit(part, to);
    }
    from += size;
  }
}

}  // namespace basin::worker::train
