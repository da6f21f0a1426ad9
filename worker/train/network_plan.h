#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "worker/train/network_shape.h"

namespace basin::worker::train {

// In which order and portions a network is computed: a function of its shape alone.
struct NetworkPlan {
  // Nodes begin .. end - 1: a block of examples goes through all of them before the next. A stage but the first begins
  // with a batch norm, which needs all examples of the stages before.
  struct Stage {
    int32_t begin, end;
  };
  std::vector<Stage> stages;

  // For each node and each of its inputs: what becomes of the derivatives by it. On the way back, nodes go from the
  // last to the first, and a node's inputs from the first on.
  struct Edge {
    bool wanted = false;
    bool first = false, last = false;  // To give the input's node its derivatives.
  };
  std::vector<std::array<Edge, 2>> edges;

  // Rows that go through the network together: longer batches are a sum over chunks of so many, in order. With a batch
  // norm there is no limit, since it needs the whole batch.
  int64_t chunk_rows = 0;
  // Rows that one thread takes through a stage before the next: their values stay in its cache.
  int64_t block_rows = 0;
  // Rows that are evaluated together.
  int64_t evaluation_rows = 0;
};

NetworkPlan PlanOf(const NetworkShape& shape);

}  // namespace basin::worker::train
