#include <cmath>

#include "basin/v1/schedule.pb.h"
#include "gtest/gtest.h"
#include "tests/golden/recording.h"
#include "worker/train/plateau.h"

namespace basin::golden {
namespace {

TEST(PlateauGoldenTest, EveryEvaluationLeavesPyTorchsRate) {
  const std::vector<RecordedCase> cases = ReadRecording("plateaus.txt");
  ASSERT_EQ(cases.size(), 5u);
  for (const RecordedCase& recorded : cases) {
    SCOPED_TRACE(recorded.name());
    v1::PlateauSchedule rule;
    recorded.Parse("spec", &rule);
    worker::train::Plateau plateau(rule);
    const std::vector<double> values = recorded.Numbers("values"), expected = recorded.Numbers("factors");
    ASSERT_EQ(values.size(), 300u);
    ASSERT_LT(expected.back(), 0.5);
    for (size_t i = 0; i < values.size(); ++i) {
      plateau.Observe(values[i]);
      EXPECT_NEAR(plateau.factor(), expected[i], 1e-6 * expected[i]) << "evaluation " << i;
    }
  }
}

}  // namespace
}  // namespace basin::golden
