#pragma once

#include <cstddef>
#include <span>

namespace basin::worker::analysis {

// A symmetric matrix that is known by its products alone.
class SymmetricOperator {
 public:
  virtual ~SymmetricOperator() = default;

  // Rows, and columns.
  virtual size_t size() const = 0;
  // Both have size() elements and do not overlap.
  virtual void Multiply(std::span<const float> x, std::span<float> product) = 0;
};

}  // namespace basin::worker::analysis
