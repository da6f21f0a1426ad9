#include <algorithm>
#include <cmath>

#include "gmock/gmock.h"
#include "proto/contract/random/philox.h"
#include "proto/contract/surface_shape.h"
#include "tests/worker/surfaces/all_surfaces.h"

namespace basin::worker::surfaces {
namespace {

using testing::DoubleNear;
using testing::Pointwise;
using testing::SizeIs;

class SurfacesTest : public testing::TestWithParam<std::string> {
 protected:
  std::vector<double> Start(uint64_t number) const {
    contract::RandomStream stream(number, contract::RandomPurpose::kStart, 0);
    std::vector<double> x(static_cast<size_t>(surface_->dimensions()));
    for (double& value : x)
      value = contract::SurfaceStartRadius(FunctionOf(GetParam())) * (2 * stream.NextUniform() - 1);
    return x;
  }
  std::vector<double> Gradient(const std::vector<double>& x) const {
    std::vector<double> gradient(x.size());
    surface_->Gradient(x, gradient);
    return gradient;
  }

  const std::unique_ptr<const Surface> surface_ = SurfaceOf(GetParam());
};

TEST_P(SurfacesTest, GradientsAreThoseOfTheValues) {
  for (uint64_t number = 0; number < 20; ++number) {
    std::vector<double> x = Start(number);
    const std::vector<double> gradient = Gradient(x);
    double scale = 1;
    for (const double value : gradient) scale = std::max(scale, std::abs(value));
    for (size_t i = 0; i < x.size(); ++i) {
      const double at = x[i], h = 1e-5;
      x[i] = at + h;
      const double above = surface_->Value(x);
      x[i] = at - h;
      const double below = surface_->Value(x);
      x[i] = at;
      const double rounding = 1e-15 * (std::abs(above) + std::abs(below)) / h;
      EXPECT_NEAR(gradient[i], (above - below) / (2 * h), 1e-6 * scale + rounding) << number << " " << i;
    }
  }
}

TEST_P(SurfacesTest, HessiansAreThoseOfTheGradients) {
  const auto n = static_cast<size_t>(surface_->dimensions());
  for (uint64_t number = 0; number < 10; ++number) {
    std::vector<double> x = Start(number), hessian(n * n);
    surface_->Hessian(x, hessian);
    double scale = 1;
    for (const double value : hessian) scale = std::max(scale, std::abs(value));
    for (size_t i = 0; i < n; ++i) {
      const double at = x[i], h = 1e-5;
      x[i] = at + h;
      const std::vector<double> above = Gradient(x);
      x[i] = at - h;
      const std::vector<double> below = Gradient(x);
      x[i] = at;
      for (size_t j = 0; j < n; ++j) {
        EXPECT_NEAR(hessian[i * n + j], (above[j] - below[j]) / (2 * h), 1e-6 * scale)
            << number << " " << i << " " << j;
        EXPECT_EQ(hessian[i * n + j], hessian[j * n + i]);
      }
    }
  }
}

TEST_P(SurfacesTest, NoPointIsLowerThanTheGlobalMinima) {
  const auto minima = surface_->global_minima();
  for (const std::vector<double>& minimum : minima) {
    ASSERT_THAT(minimum, SizeIs(surface_->dimensions()));
    const double lowest = surface_->Value(minimum);
    EXPECT_NEAR(lowest, surface_->Value(minima.front()), 1e-12 * (1 + std::abs(lowest)));
    for (const double slope : Gradient(minimum)) EXPECT_NEAR(slope, 0, 1e-9);
    for (uint64_t number = 0; number < 1000; ++number) {
      std::vector<double> x = Start(number);
      EXPECT_GE(surface_->Value(x), lowest);
      // And next to it.
      for (size_t i = 0; i < x.size(); ++i) x[i] = minimum[i] + 1e-3 * x[i];
      EXPECT_GE(surface_->Value(x), lowest);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SurfacesTest, testing::ValuesIn(AllSurfaces()), [](const auto& instance) {
  std::string name;
  for (const char c : instance.param) name += std::isalnum(static_cast<unsigned char>(c)) ? std::string(1, c) : "";
  return name;
});

// Values from the literature.
TEST(SurfaceValuesTest, AreTheKnownOnes) {
  const auto value = [](const std::string& text, const std::vector<double>& x) { return SurfaceOf(text)->Value(x); };
  EXPECT_NEAR(value("styblinski_tang { dimensions: 3 }", {-2.903534, -2.903534, -2.903534}), -39.16616570377142 * 3,
              1e-9);
  EXPECT_EQ(value("himmelblau {}", {3, 2}), 0);
  EXPECT_NEAR(value("himmelblau {}", {-0.270845, -0.923039}), 181.617, 1e-3) << "the maximum";
  EXPECT_EQ(value("beale {}", {3, 0.5}), 0);
  EXPECT_EQ(value("beale {}", {0, 0}), 1.5 * 1.5 + 2.25 * 2.25 + 2.625 * 2.625);
  EXPECT_EQ(value("rosenbrock { dimensions: 3 }", {1, 1, 1}), 0);
  EXPECT_EQ(value("rosenbrock {}", {-1, 1}), 4);
  EXPECT_EQ(value("rastrigin { dimensions: 2 }", {0, 0}), 0);
  EXPECT_EQ(value("rastrigin { dimensions: 1 }", {1}), 1);
  EXPECT_EQ(value("ackley { dimensions: 5 }", {0, 0, 0, 0, 0}), 0);
  EXPECT_NEAR(value("ackley { dimensions: 2 }", {1, 1}), 20 - 20 * std::exp(-0.2), 1e-12);
  EXPECT_EQ(value("saddle {}", {2, 3}), -5);
  EXPECT_EQ(value("monkey_saddle {}", {2, 1}), 2);
  EXPECT_EQ(value("quadratic { dimensions: 3 condition_number: 100 }", {1, 1, 1}), (1 + 10 + 100) / 2.0);
  EXPECT_EQ(value("two_wells { tilt: 0.5 }", {1, 2}), 4.5);
}

TEST(SurfaceValuesTest, TheLowerWellIsTheGlobalMinimum) {
  const std::vector<double> minimum = SurfaceOf("two_wells { dimensions: 3 tilt: 0.3 }")->global_minima().at(0);
  EXPECT_THAT(minimum, Pointwise(DoubleNear(1e-6), {-1.035578, 0.0, 0.0}));
}

}  // namespace
}  // namespace basin::worker::surfaces
