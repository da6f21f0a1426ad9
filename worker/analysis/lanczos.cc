#include "worker/analysis/lanczos.h"

#include <algorithm>
#include <cmath>

#include "Eigen/Eigenvalues"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {
namespace {

// What is left of a vector below this share of the matrix's scale is rounding.
constexpr double kNegligible = 1e-6;

// What products in float leave unknown of an eigenvalue, in units of the greatest.
constexpr double kProductRounding = 1e-6;

double Product(const std::vector<float>& a, const std::vector<double>& b) {
  constexpr size_t kLanes = 16;
  double sums[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes) {
    for (size_t l = 0; l < kLanes; ++l) sums[l] += static_cast<double>(a[i + l]) * b[i + l];
  }
  double total = 0;
  for (; i < a.size(); ++i) total += static_cast<double>(a[i]) * b[i];
  for (const double sum : sums) total += sum;
  return total;
}

using RitzValues = std::vector<LanczosProcess::RitzValue>;

// Whether the number of eigenvalues below a bound has settled, from looks at a process on its way.
class CountBelow {
 public:
  // `bound` is below zero.
  explicit CountBelow(double bound) : bound_(bound), precision_(-bound / 10) {}

  // Takes the values found so far, ascending. `rounding` is what none of them is known better than; `all` says that
  // there are no more.
  void Look(const RitzValues& values, double rounding, bool all) {
    const auto steps = static_cast<int>(values.size());
    const auto known = [&](const LanczosProcess::RitzValue& ritz) { return std::max(ritz.residual, rounding); };
    found_ = 0;
    while (found_ < steps && values[Index(found_)].value + rounding < bound_) ++found_;
    std::vector<double> decisive;
    bool clear = true;
    for (int i = 0; i <= found_ && i < steps; ++i) {
      const LanczosProcess::RitzValue& ritz = values[Index(i)];
      clear = clear && ritz.residual <= precision_;
      clear = clear && (i < found_ ? ritz.value + known(ritz) < bound_ : ritz.value - known(ritz) >= bound_);
      decisive.push_back(ritz.value);
    }
    if (!clear || !Near(decisive, std::max(precision_, rounding))) {
      since_ = steps;
      decisive_ = std::move(decisive);
    }
    settled_ = clear && (all || steps >= since_ + std::max(kStableSteps, since_ / 4));
  }

  int found() const { return found_; }
  bool settled() const { return settled_; }

 private:
  static size_t Index(int i) { return static_cast<size_t>(i); }
  bool Near(const std::vector<double>& decisive, double distance) const {
    return std::ranges::equal(decisive, decisive_, [=](double a, double b) { return std::abs(a - b) <= distance; });
  }

  const double bound_, precision_;
  int found_ = 0;
  bool settled_ = false;
  int since_ = 0;                 // Steps at which the decisive values got where they are,
  std::vector<double> decisive_;  // those below the bound and the first above it.
};

double Length(const std::vector<double>& a) {
  double total = 0;
  for (const double x : a) total += x * x;
  return std::sqrt(total);
}

}  // namespace

LanczosProcess::LanczosProcess(SymmetricOperator& matrix, std::vector<float> start, uint64_t seed, bool restarts)
    : matrix_(matrix), seed_(seed), restarts_(restarts), vector_(start.begin(), start.end()), product_(matrix.size()) {
  exhausted_ = !Append(Length(vector_));
}

double LanczosProcess::Orthogonalize() {
  double last = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (const std::vector<float>& other : basis_) {
      const double common = Product(other, vector_);
      for (size_t i = 0; i < other.size(); ++i) vector_[i] -= common * static_cast<double>(other[i]);
      if (&other == &basis_.back()) last += common;
    }
  }
  return last;
}

bool LanczosProcess::Append(double length) {
  if (!(length > 0) || basis_.size() >= matrix_.size()) return false;
  std::vector<float> next(vector_.size());
  for (size_t i = 0; i < next.size(); ++i) next[i] = static_cast<float>(vector_[i] / length);
  basis_.push_back(std::move(next));
  return true;
}

bool LanczosProcess::Step() {
  if (exhausted_) return false;
  matrix_.Multiply(basis_.back(), product_);
  std::ranges::copy(product_, vector_.begin());
  diagonal_.push_back(Orthogonalize());
  double length = Length(vector_);
  scale_ = std::max({scale_, std::abs(diagonal_.back()), length});
  beside_.push_back(length);
  if (length > kNegligible * scale_) {
    exhausted_ = !Append(length);
    if (exhausted_) beside_.back() = 0;
    return true;
  }
  beside_.back() = 0;
  exhausted_ = true;
  if (!restarts_ || basis_.size() >= matrix_.size()) return true;
  const std::vector<float> fresh = NormalVector(matrix_.size(), seed_, RandomVector::kLanczosStart, ++fresh_starts_);
  std::ranges::copy(fresh, vector_.begin());
  Orthogonalize();
  length = Length(vector_);
  exhausted_ = !(length > kNegligible * Norm(fresh)) || !Append(length);
  return true;
}

std::vector<LanczosProcess::RitzValue> LanczosProcess::RitzValues() const {
  const auto size = static_cast<Eigen::Index>(diagonal_.size());
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(Eigen::Map<const Eigen::VectorXd>(diagonal_.data(), size),
                                Eigen::Map<const Eigen::VectorXd>(beside_.data(), size - 1));
  std::vector<RitzValue> values;
  for (Eigen::Index i = 0; i < size; ++i) {
    const double first = solver.eigenvectors()(0, i), last = solver.eigenvectors()(size - 1, i);
    values.push_back({solver.eigenvalues()(i), std::abs(beside_.back() * last), first * first});
  }
  return values;
}

Spectrum ExtremeEigenvalues(SymmetricOperator& matrix, const LanczosOptions& options) {
  LanczosProcess process(matrix, NormalVector(matrix.size(), options.seed, RandomVector::kLanczosStart, 0),
                         options.seed, true);
  Spectrum spectrum;
  std::optional<CountBelow> below;
  if (options.bound) below.emplace(*options.bound);
  const int wanted = options.highest + options.lowest;
  for (int next = std::min(wanted, options.max_steps);;) {
    bool more = true;
    while (more && static_cast<int>(process.steps()) < next) more = process.Step();
    const RitzValues values = process.RitzValues();
    const auto count = static_cast<int>(values.size());
    const double greatest = std::max(std::abs(values.front().value), std::abs(values.back().value));
    const auto known = [&](const LanczosProcess::RitzValue& ritz) {
      return Eigenvalue{ritz.value, std::max(ritz.residual, kProductRounding * greatest),
                        std::isfinite(ritz.value) && ritz.residual <= options.tolerance * greatest};
    };
    spectrum = {};
    spectrum.steps = count;
    for (int i = 0; i < std::min(options.highest, count); ++i) {
      spectrum.highest.push_back(known(values[static_cast<size_t>(count - 1 - i)]));
    }
    for (int i = 0; i < std::min(options.lowest, count); ++i) {
      spectrum.lowest.push_back(known(values[static_cast<size_t>(i)]));
    }
    for (const auto& ritz : values) spectrum.ritz_values.push_back(ritz.value);
    if (below) {
      below->Look(values, kProductRounding * greatest, !more || values.size() >= matrix.size());
      spectrum.below = below->found();
      spectrum.below_settled = below->settled();
    }
    const auto converged = [](const Eigenvalue& eigenvalue) { return eigenvalue.converged; };
    // A process with fewer steps than eigenvalues wanted shows the middle from both sides.
    spectrum.converged = (!more || count >= wanted) && std::ranges::all_of(spectrum.highest, converged) &&
                         std::ranges::all_of(spectrum.lowest, converged);
    const bool decided = !below || below->found() > 0 || below->settled();
    if (!more || count >= options.max_steps || (spectrum.converged && decided)) break;
    next = std::min(count + std::max(5, count / 10), options.max_steps);
  }
  return spectrum;
}

}  // namespace basin::worker::analysis
