#include "client/cli/schedule_preview.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::cli {
namespace {

using ::testing::HasSubstr;

// Two batch sizes on digits, 10 epochs, cosine.
v1::SweepSpec Spec() {
  v1::SweepSpec spec;
  spec.set_name("s");
  spec.mutable_objective()->set_minimize("val_loss");
  spec.mutable_seeds()->set_count(3);
  v1::TrainWorkload* train = spec.mutable_base()->mutable_train();
  train->mutable_dataset()->set_name("digits");
  train->mutable_model()->mutable_softmax_regression();
  train->set_epochs(10);
  train->set_learning_rate(0.5);
  train->mutable_schedule()->mutable_cosine();
  v1::Domain* domain = spec.add_domains();
  domain->set_path("train.batch_size");
  domain->mutable_values()->add_values()->set_int_value(100);
  domain->mutable_values()->add_values()->set_string_value("full");
  return spec;
}

TEST(RateCurvesTest, HasOneForEachBatchSize) {
  const auto curves = RateCurves(Spec(), 1000);
  ASSERT_TRUE(curves.ok()) << curves.status();
  ASSERT_EQ(curves->size(), 2u);
  EXPECT_EQ((*curves)[0].length.total_steps, 100u);
  EXPECT_EQ((*curves)[0].batch_size, "100");
  EXPECT_DOUBLE_EQ((*curves)[0].Rate(0), 0.5);
  EXPECT_NEAR((*curves)[0].Rate(50), 0.25, 1e-12);
  EXPECT_DOUBLE_EQ((*curves)[0].Epoch(50), 5);
  EXPECT_EQ((*curves)[1].length.total_steps, 10u);
  EXPECT_EQ((*curves)[1].batch_size, "full");
}

TEST(RateCurvesTest, ConfigsThatTrainAlikeShareACurve) {
  v1::SweepSpec spec = Spec();
  v1::Domain* domain = spec.add_domains();
  domain->set_path("train.optimizer.sgd.momentum");
  domain->mutable_values()->add_values()->set_double_value(0);
  domain->mutable_values()->add_values()->set_double_value(0.9);
  const auto curves = RateCurves(spec, 1000);
  ASSERT_TRUE(curves.ok()) << curves.status();
  EXPECT_EQ(curves->size(), 2u);
}

TEST(RateCurvesTest, KnowsTheSizeOfDigits) {
  const auto curves = RateCurves(Spec(), std::nullopt);
  ASSERT_TRUE(curves.ok()) << curves.status();
  EXPECT_EQ((*curves)[0].length.steps_per_epoch, 15u);  // 1437 examples in batches of 100.
}

TEST(RateCurvesTest, AnotherDataSetNeedsItsSize) {
  v1::SweepSpec spec = Spec();
  spec.mutable_base()->mutable_train()->mutable_dataset()->set_name("mine");
  const absl::Status status = RateCurves(spec, std::nullopt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--train-size"));
}

TEST(RateCurvesTest, ABatchLargerThanTheSetIsRefused) {
  EXPECT_EQ(RateCurves(Spec(), 50).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SparklineTest, FallsWithTheCosine) {
  const auto curves = RateCurves(Spec(), 1000);
  ASSERT_TRUE(curves.ok());
  EXPECT_EQ(Sparkline((*curves)[0], 5), "██▆▃▁");
}

TEST(TextPlotTest, FallsWithTheCosineBetweenItsAxes) {
  const auto curves = RateCurves(Spec(), 1000);
  ASSERT_TRUE(curves.ok());
  EXPECT_EQ(TextPlot((*curves)[0], 5, 2),
            "0.5 ┤█▆▂\n"
            "    ┤███▆▂\n"
            "  0 ┼─────\n"
            "    0   10 epochs\n");
}

TEST(TextPlotTest, ShowsATopBetweenTwoColumns) {
  v1::SweepSpec spec = Spec();
  v1::CyclicSchedule& cyclic = *spec.mutable_base()->mutable_train()->mutable_schedule()->mutable_cyclic();
  cyclic.set_up_steps(7);
  cyclic.set_min_factor(0);
  const auto curves = RateCurves(spec, 1000);
  ASSERT_TRUE(curves.ok()) << curves.status();
  EXPECT_THAT(TextPlot((*curves)[0], 10, 2), HasSubstr("0.5 ┤"));
}

TEST(ChartTest, HasALineACurve) {
  const auto curves = RateCurves(Spec(), 1000);
  ASSERT_TRUE(curves.ok());
  const format::LineChart chart = ChartOf(*curves, "s");
  ASSERT_EQ(chart.lines.size(), 2u);
  EXPECT_EQ(chart.lines[0].name, "cosine(min_factor=0), batch 100, rate 0.5");
  EXPECT_DOUBLE_EQ(chart.lines[0].points[50].x, 5);
  EXPECT_NEAR(chart.lines[0].points[50].y, 0.25, 1e-12);
  EXPECT_EQ(chart.lines[1].points.size(), 11u) << "a step each, and the end";
  EXPECT_DOUBLE_EQ(chart.lines[1].points.back().x, 10);
  EXPECT_TRUE(chart.background.empty());
}

}  // namespace
}  // namespace basin::client::cli
