#include "worker/surfaces/ending.h"

#include <cmath>

#include "gmock/gmock.h"
#include "proto/contract/random/philox.h"
#include "tests/worker/surfaces/all_surfaces.h"

namespace basin::worker::surfaces {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

Ending EndingAt(const std::string& text, const std::vector<double>& x, double radius = 0.1) {
  return FindEnding(*SurfaceOf(text), x, radius);
}

TEST(EndingTest, EveryGlobalMinimumIsNamedAlsoFromBesideIt) {
  for (const std::string& text : AllSurfaces()) {
    const auto surface = SurfaceOf(text);
    for (std::vector<double> minimum : surface->global_minima()) {
      EXPECT_EQ(FindEnding(*surface, minimum, 0.1).kind, EndingKind::kGlobalMinimum) << text;
      minimum[0] += 0.05;
      const Ending ending = FindEnding(*surface, minimum, 0.1);
      EXPECT_EQ(ending.kind, EndingKind::kGlobalMinimum) << text;
      EXPECT_NEAR(ending.distance, 0.05, 1e-9) << text;
      EXPECT_EQ(FindEnding(*surface, minimum, 0.01).kind, EndingKind::kNowhere) << text;
    }
  }
}

// Positions from the literature, to the digits that are given there.
TEST(EndingTest, HimmelblausSaddlesAndMaximumAreFound) {
  for (const std::vector<double>& saddle : std::vector<std::vector<double>>{
           {0.086678, 2.884255}, {3.385154, 0.073852}, {-3.073026, -0.081353}, {-0.127961, -1.953715}}) {
    const Ending ending = EndingAt("himmelblau {}", {saddle[0] + 0.02, saddle[1] - 0.02});
    EXPECT_EQ(ending.kind, EndingKind::kSaddle);
    EXPECT_THAT(ending.point, Pointwise(DoubleNear(1e-5), saddle));
  }
  const Ending top = EndingAt("himmelblau {}", {-0.27, -0.92});
  EXPECT_EQ(top.kind, EndingKind::kMaximum);
  EXPECT_THAT(top.point, Pointwise(DoubleNear(1e-5), {-0.270845, -0.923039}));
}

TEST(EndingTest, LocalMinimaAreToldFromGlobalOnes) {
  EXPECT_EQ(EndingAt("styblinski_tang {}", {2.7468, -2.9035}).kind, EndingKind::kLocalMinimum);
  EXPECT_EQ(EndingAt("styblinski_tang {}", {0.1567, -2.9035}).kind, EndingKind::kSaddle);
  EXPECT_EQ(EndingAt("styblinski_tang {}", {0.1567, 0.1567}).kind, EndingKind::kMaximum);
  EXPECT_EQ(EndingAt("rastrigin { dimensions: 3 }", {0.995, 0, -1.99}).kind, EndingKind::kLocalMinimum);
  EXPECT_EQ(EndingAt("rastrigin { dimensions: 3 }", {0.5025, 0, 0}).kind, EndingKind::kSaddle);
  EXPECT_EQ(EndingAt("two_wells {}", {0.96, 0.01}).kind, EndingKind::kLocalMinimum);
  EXPECT_EQ(EndingAt("two_wells {}", {0.075, 0}).kind, EndingKind::kSaddle);
  // The second minimum of Rosenbrock's function in four dimensions (Shang & Qiu 2006).
  EXPECT_EQ(EndingAt("rosenbrock { dimensions: 4 }", {-0.7757, 0.6131, 0.3821, 0.1460}).kind,
            EndingKind::kLocalMinimum);
  EXPECT_EQ(EndingAt("ackley {}", {0.97, 0}).kind, EndingKind::kLocalMinimum);
}

TEST(EndingTest, SaddlesAreFoundWhereSecondDerivativesVanishToo) {
  EXPECT_EQ(EndingAt("saddle {}", {0, 0}).kind, EndingKind::kSaddle);
  EXPECT_EQ(EndingAt("saddle {}", {0.05, -0.05}).kind, EndingKind::kSaddle);
  EXPECT_EQ(EndingAt("monkey_saddle {}", {0, 0}).kind, EndingKind::kSaddle);
  EXPECT_EQ(EndingAt("monkey_saddle {}", {0.02, 0.03}).kind, EndingKind::kSaddle);
}

TEST(EndingTest, AwayFromAllItIsNowhere) {
  EXPECT_EQ(EndingAt("saddle {}", {1, 1}).kind, EndingKind::kNowhere);
  EXPECT_EQ(EndingAt("himmelblau {}", {4.5, 4.5}).kind, EndingKind::kNowhere);
  EXPECT_EQ(EndingAt("rosenbrock {}", {0.5, 0.25}).kind, EndingKind::kNowhere);
  EXPECT_EQ(EndingAt("saddle {}", {1e30, 1e30}).kind, EndingKind::kNowhere);
}

TEST(EndingTest, PlainDescentFindsAllFourMinimaOfHimmelblau) {
  const auto surface = SurfaceOf("himmelblau {}");
  std::vector<int> found(4);
  for (uint64_t number = 0; number < 40; ++number) {
    contract::RandomStream stream(number, contract::RandomPurpose::kStart, 0);
    std::vector<double> x = {10 * stream.NextUniform() - 5, 10 * stream.NextUniform() - 5}, gradient(2);
    for (int step = 0; step < 2000; ++step) {
      surface->Gradient(x, gradient);
      for (size_t i = 0; i < 2; ++i) x[i] -= 0.005 * gradient[i];
    }
    const Ending ending = FindEnding(*surface, x, 0.01);
    ASSERT_EQ(ending.kind, EndingKind::kGlobalMinimum) << number;
    const auto minima = surface->global_minima();
    for (size_t m = 0; m < minima.size(); ++m) found[m] += ending.point == minima[m];
  }
  for (const int times : found) EXPECT_GT(times, 0);
}

TEST(EndingTest, IsSaidInASentence) {
  EXPECT_EQ(Describe(EndingAt("himmelblau {}", {3.01, 2})), "ended at the global minimum (3, 2), value 0");
  EXPECT_THAT(Describe(EndingAt("two_wells {}", {0.96, 0.01})),
              testing::AllOf(HasSubstr("local minimum (0.9"), HasSubstr("the global one's is -0.3")));
  EXPECT_EQ(Describe(EndingAt("saddle {}", {0, 0})), "ended at the saddle (0, 0), value 0");
  EXPECT_EQ(Describe(EndingAt("saddle {}", {3, 4})),
            "ended at no critical point: (3, 4), value -7, norm of the gradient 10");
  EXPECT_THAT(Describe(EndingAt("rastrigin { dimensions: 9 }", std::vector<double>(9))),
              HasSubstr("(0, 0, 0, 0, ...)"));
}

}  // namespace
}  // namespace basin::worker::surfaces
