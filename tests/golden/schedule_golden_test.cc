#include <cmath>

#include "basin/v1/schedule.pb.h"
#include "gtest/gtest.h"
#include "proto/contract/schedule/schedule.h"
#include "tests/golden/recording.h"

namespace basin::golden {
namespace {

TEST(ScheduleGoldenTest, EveryStepHasPyTorchsRate) {
  const std::vector<RecordedCase> cases = ReadRecording("schedules.txt");
  ASSERT_EQ(cases.size(), 44u);
  for (const RecordedCase& recorded : cases) {
    SCOPED_TRACE(recorded.name());
    v1::Schedule spec;
    recorded.Parse("spec", &spec);
    const std::vector<double> expected = recorded.Numbers("factors");
    ASSERT_EQ(expected.size(), 300u);
    const auto schedule =
        contract::Schedule::Create(spec, {expected.size(), static_cast<uint64_t>(recorded.Number("steps_per_epoch"))});
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    for (uint64_t t = 0; t < expected.size(); ++t) {
      EXPECT_NEAR((*schedule)->Factor(t), expected[t], 1e-6 * std::fabs(expected[t])) << "step " << t;
    }
  }
}

}  // namespace
}  // namespace basin::golden
