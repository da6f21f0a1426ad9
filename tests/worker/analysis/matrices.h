#pragma once

#include <vector>

#include "Eigen/Core"
#include "worker/analysis/symmetric_operator.h"

namespace basin::worker::analysis {

// A matrix whose elements are known.
class DenseOperator final : public SymmetricOperator {
 public:
  explicit DenseOperator(Eigen::MatrixXd matrix) : matrix_(std::move(matrix)) {}

  size_t size() const override { return static_cast<size_t>(matrix_.rows()); }
  void Multiply(std::span<const float> x, std::span<float> product) override {
    const Eigen::VectorXd right = Eigen::Map<const Eigen::VectorXf>(x.data(), matrix_.cols()).cast<double>();
    Eigen::Map<Eigen::VectorXf>(product.data(), matrix_.rows()) = (matrix_ * right).cast<float>();
    ++products;
  }

  int products = 0;

 private:
  const Eigen::MatrixXd matrix_;
};

inline Eigen::MatrixXd Diagonal(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size())).asDiagonal();
}

}  // namespace basin::worker::analysis
