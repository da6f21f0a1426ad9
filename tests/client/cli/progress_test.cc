#include "client/cli/progress.h"

#include "client/format/text_width.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Sweep HalfDone() {
  v1::Sweep sweep;
  sweep.set_id("k3f9");
  sweep.set_name("digits");
  sweep.set_state(v1::SWEEP_STATE_RUNNING);
  sweep.mutable_trials()->set_total(60);
  sweep.mutable_trials()->set_pending(26);
  sweep.mutable_trials()->set_running(4);
  sweep.mutable_trials()->set_succeeded(28);
  sweep.mutable_trials()->set_failed(2);
  sweep.mutable_started_at()->set_seconds(1000);
  return sweep;
}

TEST(RemainingSecondsTest, GoesByThePresentRate) {
  v1::Sweep sweep = HalfDone();
  sweep.set_trials_per_second(2);
  EXPECT_DOUBLE_EQ(RemainingSeconds(sweep, 5000), 15);
}

TEST(RemainingSecondsTest, ElseByTheRateSinceTheBeginning) { EXPECT_DOUBLE_EQ(RemainingSeconds(HalfDone(), 1060), 60); }

TEST(RemainingSecondsTest, IsUnknownBeforeTheFirstTrialAndWhenNothingRuns) {
  v1::Sweep sweep = HalfDone();
  sweep.mutable_trials()->set_running(0);
  EXPECT_LT(RemainingSeconds(sweep, 1060), 0);
  v1::Sweep fresh;
  fresh.mutable_trials()->set_total(60);
  fresh.mutable_trials()->set_pending(60);
  EXPECT_LT(RemainingSeconds(fresh, 1060), 0);
}

TEST(ProgressLineTest, SaysWhatIsDoneAndWhatIsLeft) {
  v1::Sweep sweep = HalfDone();
  sweep.set_trials_per_second(2);
  EXPECT_EQ(ProgressLine(sweep, 2000),
            "digits k3f9: 30 of 60 trials done: 28 succeeded, 2 failed; 4 running; 2.0 trials/s, about 15.0s left");
}

TEST(ProgressLineTest, SaysHowLongAnEndedSweepTook) {
  v1::Sweep sweep = HalfDone();
  sweep.set_state(v1::SWEEP_STATE_CANCELLED);
  sweep.set_trials_per_second(2);
  sweep.mutable_ended_at()->set_seconds(1090);
  EXPECT_THAT(ProgressLine(sweep, 2000), HasSubstr("4 running; took 1m30s"));
}

TEST(ProgressLineTest, SaysWhatTheSweepWaitsFor) {
  v1::Sweep sweep = HalfDone();
  sweep.set_waiting("no worker has mnist");
  EXPECT_THAT(ProgressLine(sweep, 2000), HasSubstr("waiting: no worker has mnist"));
}

TEST(ProgressPictureTest, NoLineIsWiderThanTheTerminal) {
  v1::Sweep sweep = HalfDone();
  sweep.set_waiting(std::string(300, 'w'));
  for (int i = 0; i < 20; ++i) {
    v1::RunningTrial* trial = sweep.add_running();
    trial->set_worker("a-worker-with-quite-a-long-name-" + std::to_string(i));
  }
  for (const size_t width : {20, 40, 79, 200}) {
    for (const std::string& line : ProgressPicture(sweep, 2000, width, false)) {
      EXPECT_LE(format::TextWidth(line), width) << line;
    }
  }
}

TEST(ProgressPictureTest, ShowsABarOfTheShareThatIsDone) {
  const std::vector<std::string> lines = ProgressPicture(HalfDone(), 2000, 60, false);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr("[##########..........] 50%"));
}

TEST(ProgressPictureTest, AnEscapeSequenceInAMessageDoesNotReachTheTerminal) {
  v1::Sweep sweep = HalfDone();
  sweep.set_message("\x1b[2Jgone");
  for (const std::string& line : ProgressPicture(sweep, 2000, 79, false)) EXPECT_THAT(line, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace basin::client::cli
