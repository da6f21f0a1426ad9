#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/layers/layer.h"

namespace basin::worker::train {

template <typename T>
class Network;

// What a workspace is for.
struct WorkspaceSize {
  int64_t batch_rows = 0;  // Of the longest batch that is trained on.
  // Of the longest batch that is evaluated or differentiated in evaluation; less room if that is short. Without a
  // bound: of any length.
  int64_t evaluated_rows = std::numeric_limits<int64_t>::max();
  int threads = 1;  // Of the largest pool.
};

// What a network computes with: values and derivatives of every node, and room for the gradient in pieces. Belongs to
// one network and one computation at a time.
template <typename T>
class NetworkWorkspace {
 public:
  // Throws std::bad_alloc when there is no memory.
  NetworkWorkspace(const Network<T>& network, const WorkspaceSize& size);

 private:
  friend class Network<T>;

  struct Room {  // Of a node.
    AlignedBuffer<T> values, deltas;
    AlignedBuffer<T> state, example_state;
    std::vector<const T*> value_rows, delta_rows;
  };
  struct Piece {  // Of a layer's gradient.
    int32_t node;
    int64_t number;
    std::vector<PiecePart> parts;  // In the flat vector.
    double work_before;            // Multiply-adds an example of the pieces before it in the stage.
  };

  void MakeRoom(const Network<T>& network, size_t node);
  void MakePass(const Network<T>& network, size_t node);
  void MakePieces(const Network<T>& network, int threads);
  // Copies the chunk's examples begin .. end - 1 to where they have the input's border.
  void CopyExamples(const Node& input, int64_t begin, int64_t end);

  int64_t rows_;
  const T* const* chunk_rows_ = nullptr;  // The examples that are under way.
  std::vector<Room> rooms_;
  std::vector<Pass<T>> passes_;             // A node each.
  std::vector<std::vector<Piece>> pieces_;  // A stage each.
  std::vector<double> stage_work_;          // Of all pieces of a stage, an example.
  std::vector<AlignedBuffer<T>> scratch_;   // A piece of the gradient, for each thread.
  AlignedBuffer<T> losses_;
  std::vector<uint8_t> correct_;
};

}  // namespace basin::worker::train
