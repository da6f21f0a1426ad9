// `basin trajectory` of a descent on a surface.
#include <cmath>
#include <functional>
#include <utility>

#include "tests/client/cli/minima_fixture.h"

namespace basin::client::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::CliResult;

// Of a descent on a surface, with what its server knows.
class DescentTest : public MinimaTest {
 protected:
  void Descends(const std::function<void(v1::SurfaceFunction*)>& choose) {
    v1::Sweep& sweep = server_.sweeps[1];
    v1::SweepSpec& spec = *sweep.mutable_spec();
    spec.clear_domains();
    spec.mutable_objective()->set_minimize("loss");
    v1::SurfaceWorkload& surface = *spec.mutable_base()->mutable_surface();
    choose(surface.mutable_function());
    surface.set_steps(200);
    surface.set_learning_rate(0.01);
    TrainedWith("");
  }
  void At(uint64_t step, double x1, double x2) {
    const std::pair<const char*, double> kValues[] = {
        {"loss", x1 * x1}, {"grad_norm", 2 * x1}, {"learning_rate", 0.01}, {"x1", x1}, {"x2", x2}};
    for (const auto& [name, value] : kValues) server_.points.push_back(tests::Point(0, name, step, value));
  }
};

TEST_F(DescentTest, ItsPathIsToldFromItsOwnPoints) {
  Descends([](v1::SurfaceFunction* function) { function->mutable_beale(); });
  At(100, 2, 0.25);
  At(0, 4, 1);
  const CliResult result = Run({"trajectory", "k3f9/0", "--format", "csv"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "step,x1,x2,loss,grad_norm,learning_rate\n"
            "0,4,1,16,8,0.01\n"
            "100,2,0.25,4,4,0.01\n");
  EXPECT_THAT(server_.created(), IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("Its 2 reports are up to 100 steps apart"));
}

TEST_F(DescentTest, ItIsDrawnOnTheFunctionWhereDescentsStartAndItWent) {
  Descends([](v1::SurfaceFunction* function) { function->mutable_two_wells()->set_tilt(0.5); });
  for (uint64_t i = 0; i < 9; ++i) (*Add(i).mutable_metrics())["loss"] = static_cast<double>(i);
  At(0, 1, 0);
  At(100, -4, 0);
  At(200, 1, 1e9);  // So far away that nothing else could be seen.
  const CliResult result = Run({"trajectory", "k3f9/0", "--points", "3", "--out", Path("d.svg")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(File("d.svg"),
              AllOf(HasSubstr("The descent of k3f9/0"), HasSubstr("step 100, loss 16"), HasSubstr("x2")));
  const v1::SweepSpec values = Asked();
  EXPECT_EQ(values.base().surface().function().two_wells().tilt(), 0.5);
  EXPECT_EQ(values.base().surface().steps(), 0u);
  ASSERT_THAT(values.domains(), SizeIs(2));
  const auto ends = [&](int axis) {
    const auto& list = values.domains(axis).values().values();
    return std::pair(list[0].double_value(), list[2].double_value());
  };
  EXPECT_EQ(values.domains(0).path(), "surface.start.point.coordinates[0]");
  EXPECT_EQ(ends(0), std::pair(-4.0, 2.0));
  EXPECT_EQ(ends(1), std::pair(-2.0, 6.0));
}

TEST_F(DescentTest, AFunctionThatIs0AtItsMinimumIsDrawnByItsLogarithms) {
  Descends([](v1::SurfaceFunction* function) { function->mutable_beale(); });
  for (uint64_t i = 0; i < 9; ++i) {
    (*Add(i).mutable_metrics())["loss"] = i == 4 ? 0 : std::pow(10, static_cast<double>(i) - 3);
  }
  At(0, 1, 0);
  At(100, 3, 0.5);
  ASSERT_EQ(Run({"trajectory", "k3f9/0", "--points", "3", "--out", Path("d.svg")}).exit_code, 0);
  EXPECT_THAT(File("d.svg"),
              AllOf(HasSubstr("loss, logarithmic"), HasSubstr("Lowest 0 at"), Not(HasSubstr("missing"))));
}

TEST_F(DescentTest, WhatCannotBeToldOrDrawnIsSaid) {
  Descends([](v1::SurfaceFunction* function) { function->mutable_rastrigin()->set_dimensions(3); });
  EXPECT_THAT(Run({"trajectory", "k3f9/0"}).err, HasSubstr("there are no points of k3f9/0"));
  At(0, 1, 1);
  const CliResult drawn = Run({"trajectory", "k3f9/0", "--out", Path("d.svg")});
  EXPECT_EQ(drawn.exit_code, 2);
  EXPECT_THAT(drawn.err, HasSubstr("k3f9/0 descends in 3 dimensions: only a plane can be drawn"));
  EXPECT_THAT(Run({"trajectory", "k3f9/0", "--metric", "train_loss"}).err, HasSubstr("are for trainings"));
}

}  // namespace
}  // namespace basin::client::cli
