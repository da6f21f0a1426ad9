#include "worker/analysis/trajectory.h"

#include <algorithm>
#include <cmath>

#include "Eigen/Eigenvalues"
#include "absl/status/status.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {

absl::StatusOr<TrajectoryPlane> PrincipalDirections(std::span<const std::vector<float>> weights, int count) {
  std::vector<std::vector<float>> differences;
  for (const std::vector<float>& each : weights) differences.push_back(Difference(each, weights.back()));
  const auto size = static_cast<Eigen::Index>(differences.size());
  Eigen::MatrixXd gram(size, size);
  for (Eigen::Index i = 0; i < size; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      gram(i, j) = gram(j, i) = Dot(differences[static_cast<size_t>(i)], differences[static_cast<size_t>(j)]);
    }
  }
  const double total = gram.trace();
  if (!(total > 0)) return absl::FailedPreconditionError("the weights do not move: a trajectory has no directions");
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram);
  TrajectoryPlane plane;
  plane.coordinates.resize(weights.size());
  for (Eigen::Index k = size - 1; k >= std::max<Eigen::Index>(size - count, 0); --k) {
    const double variance = solver.eigenvalues()(k);
    if (variance <= 1e-10 * total) break;  // Rounding of the differences.
    const double length = std::sqrt(variance);
    std::vector<double> direction(weights.back().size());
    for (Eigen::Index i = 0; i < size; ++i) {
      const double share = solver.eigenvectors()(i, k) / length;
      const std::vector<float>& difference = differences[static_cast<size_t>(i)];
      for (size_t p = 0; p < direction.size(); ++p) direction[p] += share * static_cast<double>(difference[p]);
      plane.coordinates[static_cast<size_t>(i)].push_back(solver.eigenvectors()(i, k) * length);
    }
    plane.directions.emplace_back(direction.begin(), direction.end());
    plane.explained.push_back(variance / total);
  }
  return plane;
}

}  // namespace basin::worker::analysis
