#include "worker/surfaces/ending.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "Eigen/Dense"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace basin::worker::surfaces {
namespace {

using Vector = Eigen::VectorXd;

constexpr int kMostIterations = 100;
constexpr double kVanishing = 1e-6;      // Eigenvalues below this share of the greatest, or of 1, decide nothing.
constexpr double kProbeDistance = 1e-3;  // For the values next to such a point.

std::span<const double> Span(const Vector& x) { return {x.data(), static_cast<size_t>(x.size())}; }

Vector GradientAt(const Surface& surface, const Vector& x) {
  Vector gradient(x.size());
  surface.Gradient(Span(x), {gradient.data(), static_cast<size_t>(gradient.size())});
  return gradient;
}

Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> CurvatureAt(const Surface& surface, const Vector& x) {
  Eigen::MatrixXd hessian(x.size(), x.size());  // Symmetric: the order of storage does not matter.
  surface.Hessian(Span(x), {hessian.data(), static_cast<size_t>(hessian.size())});
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(hessian);
}

double Scale(const Vector& eigenvalues) { return std::max(1.0, eigenvalues.cwiseAbs().maxCoeff()); }

// The zero of the gradient to which Newton's method leads from `start`, if it is within `radius`.
std::optional<Vector> CriticalPointNear(const Surface& surface, const Vector& start, double radius) {
  Vector x = start;
  for (int i = 0; i < kMostIterations; ++i) {
    const Vector gradient = GradientAt(surface, x);
    const auto curvature = CurvatureAt(surface, x);
    const double scale = Scale(curvature.eigenvalues());
    if (gradient.norm() <= 1e-12 * scale) {
      return (x - start).norm() <= radius ? std::optional<Vector>(x) : std::nullopt;
    }
    Vector step = Vector::Zero(x.size());
    for (Eigen::Index k = 0; k < x.size(); ++k) {
      const double value = curvature.eigenvalues()[k];
      if (std::abs(value) <= 1e-12 * scale) continue;
      const auto direction = curvature.eigenvectors().col(k);
      step -= direction.dot(gradient) / value * direction;
    }
    x += step;
    // On the way, it may go farther than the point itself is.
    if (!x.allFinite() || (x - start).norm() > 4 * radius) break;
  }
  return std::nullopt;
}

EndingKind KindOf(const Surface& surface, const Vector& x) {
  const auto curvature = CurvatureAt(surface, x);
  const double tolerance = kVanishing * Scale(curvature.eigenvalues());
  const double value = surface.Value(Span(x));
  bool higher = false, lower = false;
  for (Eigen::Index k = 0; k < x.size(); ++k) {
    const double eigenvalue = curvature.eigenvalues()[k];
    higher = higher || eigenvalue > tolerance;
    lower = lower || eigenvalue < -tolerance;
    if (std::abs(eigenvalue) > tolerance) continue;
    for (const double sign : {-1.0, 1.0}) {
      const Vector beside = x + sign * kProbeDistance * curvature.eigenvectors().col(k);
      const double difference = surface.Value(Span(beside)) - value;
      higher = higher || difference > 0;
      lower = lower || difference < 0;
    }
  }
  if (!lower) return EndingKind::kLocalMinimum;
  return higher ? EndingKind::kSaddle : EndingKind::kMaximum;
}

std::string PointText(const std::vector<double>& point) {
  constexpr size_t kMostCoordinates = 4;
  std::string text = "(";
  for (size_t i = 0; i < std::min(point.size(), kMostCoordinates); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", absl::StrFormat("%.5g", point[i] + 0.0));
  }
  return text + (point.size() > kMostCoordinates ? ", ...)" : ")");
}

}  // namespace

Ending FindEnding(const Surface& surface, std::span<const double> x, double radius) {
  const Vector end = Eigen::Map<const Vector>(x.data(), static_cast<Eigen::Index>(x.size()));
  Ending ending;
  ending.gradient_norm = GradientAt(surface, end).norm();
  const std::vector<std::vector<double>> minima = surface.global_minima();
  std::optional<Vector> found;
  for (const std::vector<double>& minimum : minima) {
    const Vector point = Eigen::Map<const Vector>(minimum.data(), end.size());
    if ((point - end).norm() > radius) continue;
    if (!found || (point - end).norm() < (*found - end).norm()) found = point;
    ending.kind = EndingKind::kGlobalMinimum;
  }
  if (!found) {
    found = CriticalPointNear(surface, end, radius);
    if (found) ending.kind = KindOf(surface, *found);
  }
  const Vector& point = found ? *found : end;
  ending.point.assign(point.data(), point.data() + point.size());
  ending.value = surface.Value(ending.point);
  ending.distance = (point - end).norm();
  ending.lowest_value = minima.empty() ? ending.value : surface.Value(minima.front());
  return ending;
}

std::string Describe(const Ending& ending) {
  const auto at = [&](const char* what) {
    return absl::StrCat("ended at the ", what, " ", PointText(ending.point),
                        absl::StrFormat(", value %.4g", ending.value + 0.0));
  };
  switch (ending.kind) {
    case EndingKind::kGlobalMinimum:
      return at("global minimum");
    case EndingKind::kLocalMinimum:
      return absl::StrCat(at("local minimum"),
                          absl::StrFormat("; the global one's is %.4g", ending.lowest_value + 0.0));
    case EndingKind::kSaddle:
      return at("saddle");
    case EndingKind::kMaximum:
      return at("maximum");
    case EndingKind::kNowhere:
      break;
  }
  return absl::StrCat(
      "ended at no critical point: ", PointText(ending.point),
      absl::StrFormat(", value %.4g, norm of the gradient %.2g", ending.value + 0.0, ending.gradient_norm));
}

}  // namespace basin::worker::surfaces
