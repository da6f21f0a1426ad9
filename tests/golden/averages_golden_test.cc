#include <cmath>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "tests/golden/recording.h"
#include "worker/train/averaging/exponential_mean.h"
#include "worker/train/averaging/running_mean.h"

namespace basin::golden {
namespace {

constexpr size_t kSize = 8;

// Gives the recorded weights to `average`, one vector after another, and compares what it then has with case `index`.
template <typename Average>
void ExpectPyTorchs(size_t index, Average average) {
  const std::vector<RecordedCase> cases = ReadRecording("averages.txt");
  const std::vector<float> weights = cases[0].Floats("weights"), expected = cases[index].Floats("averages");
  ASSERT_EQ(weights.size(), 40 * kSize);
  ASSERT_EQ(expected.size(), weights.size());
  std::vector<float> mean(kSize);
  for (size_t first = 0; first < weights.size(); first += kSize) {
    average.Add(std::span(weights).subspan(first, kSize));
    average.WriteTo(mean);
    for (size_t i = 0; i < kSize; ++i) {
      EXPECT_NEAR(mean[i], expected[first + i], 1e-5 * std::fabs(expected[first + i])) << first << " " << i;
    }
  }
}

TEST(AveragesGoldenTest, EqualMeanIsPyTorchs) { ExpectPyTorchs(1, worker::train::RunningMean(kSize)); }

TEST(AveragesGoldenTest, ExponentialMeanIsPyTorchs) {
  v1::EmaAveraging rule;
  rule.set_decay(0.9);
  rule.set_bias_correction(false);
  ExpectPyTorchs(2, worker::train::ExponentialMean(rule, kSize));
}

}  // namespace
}  // namespace basin::golden
