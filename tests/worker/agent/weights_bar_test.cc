#include "worker/agent/weights_bar.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace basin::worker::agent {
namespace {

v1::LeasedTrial LeaseOf(const std::string& text) {
  v1::LeasedTrial lease;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &lease));
  return lease;
}

v1::MetricPoint Point(const std::string& name, double value) {
  v1::MetricPoint point;
  point.set_name(name);
  point.set_value(value);
  return point;
}

bool IsPassed(const std::string& lease, const std::vector<v1::MetricPoint>& points) {
  WeightsBar bar(LeaseOf(lease));
  bar.Add(points);
  return bar.IsPassed();
}

constexpr char kMinimize[] = "weights_bar { objective { minimize: 'val_loss' at: AT_LAST } value: 0.5 }";
constexpr char kMaximize[] = "weights_bar { objective { maximize: 'val_accuracy' at: AT_LAST } value: 0.5 }";
constexpr char kBest[] = "weights_bar { objective { minimize: 'val_loss' at: AT_BEST } value: 0.5 }";

TEST(WeightsBarTest, TheLastValueOfTheObjectivesMetricCounts) {
  EXPECT_TRUE(IsPassed(kMinimize, {Point("val_loss", 0.75), Point("val_loss", 0.25), Point("train_loss", 0.75)}));
  EXPECT_FALSE(IsPassed(kMinimize, {Point("val_loss", 0.25), Point("val_loss", 0.75), Point("train_loss", 0.25)}));
  EXPECT_TRUE(IsPassed(kMaximize, {Point("val_accuracy", 0.75)}));
  EXPECT_FALSE(IsPassed(kMaximize, {Point("val_accuracy", 0.25)}));
}

TEST(WeightsBarTest, AnEqualTrialMayHaveTheLowerIndex) { EXPECT_TRUE(IsPassed(kMinimize, {Point("val_loss", 0.5)})); }

TEST(WeightsBarTest, ATrialThatEndsNotFiniteHasDiverged) {
  for (const double value : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(IsPassed(kMinimize, {Point("val_loss", 0.25), Point("val_loss", value)})) << value;
  }
}

TEST(WeightsBarTest, TheBestFiniteValueCountsWhereTheSweepSaysSo) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(IsPassed(kBest, {Point("val_loss", 0.25), Point("val_loss", 0.75), Point("val_loss", nan)}));
  EXPECT_FALSE(IsPassed(kBest, {Point("val_loss", 0.75), Point("val_loss", 0.625), Point("val_loss", nan)}));
}

TEST(WeightsBarTest, TheBestValueMayBeOfBeforeTheCheckpoint) {
  EXPECT_TRUE(IsPassed(std::string(kBest) + " checkpoint { step: 7 }", {Point("val_loss", 0.75)}));
  EXPECT_FALSE(IsPassed(std::string(kMinimize) + " checkpoint { step: 7 }", {Point("val_loss", 0.75)}));
}

TEST(WeightsBarTest, WhatIsNotKnownIsLeftToTheServer) {
  EXPECT_TRUE(IsPassed("keep_weights: true", {Point("val_loss", 0.75)}));
  EXPECT_TRUE(IsPassed(kMinimize, {Point("train_loss", 0.75)}));
}

}  // namespace
}  // namespace basin::worker::agent
