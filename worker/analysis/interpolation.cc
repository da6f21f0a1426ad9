#include "worker/analysis/interpolation.h"

#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {

FlatVectors DirectionBetween(const FlatVectors& a, const FlatVectors& b) {
  return {Difference(b.params, a.params), Difference(b.buffers, a.buffers)};
}

}  // namespace basin::worker::analysis
