#include "server/runtime/sweep_view.h"

#include "gtest/gtest.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::runtime {
namespace {

using std::chrono::seconds;

TEST(RateWindowTest, CountsTheLastMinute) {
  RateWindow window;
  window.Begin(seconds(1000));
  window.Add(seconds(1010), 30);
  window.Add(seconds(1100), 60);
  EXPECT_DOUBLE_EQ(window.PerSecond(seconds(1110)), 1.0);
}

TEST(RateWindowTest, AYoungSweepIsNotHeldBackByTheMinuteBeforeIt) {
  RateWindow window;
  window.Begin(seconds(1000));
  window.Add(seconds(1005), 20);
  EXPECT_DOUBLE_EQ(window.PerSecond(seconds(1010)), 2.0);
}

TEST(RateWindowTest, NothingFinishedIsZero) {
  RateWindow window;
  EXPECT_EQ(window.PerSecond(seconds(1000)), 0.0);
  window.Begin(seconds(1000));
  EXPECT_EQ(window.PerSecond(seconds(1000)), 0.0);
}

TEST(SweepViewTest, ShowsWhatRunsTheLongestFirst) {
  tests::Scheduler scheduler;
  scheduler.Create("sweep", tests::SweepBuilder().Configs(3).Build());
  scheduler.Register("w", 3);
  scheduler.Lease("w");
  scheduler.Advance(5);
  scheduler.Lease("w");
  const SweepView view = ViewOf(scheduler.state(), *scheduler.state().FindSweep("sweep"));
  const v1::Sweep sweep = view.At(scheduler.now().mono + seconds(2));
  ASSERT_EQ(sweep.running_size(), 2);
  EXPECT_EQ(sweep.running(0).index(), 0u);
  EXPECT_EQ(sweep.running(0).age().seconds(), 7);
  EXPECT_EQ(sweep.running(1).age().seconds(), 2);
  EXPECT_EQ(sweep.trials().pending(), 1u);
}

TEST(WorkerViewTest, SaysWhyAWorkerIsSetAsideAndForHowLongAsLongAsItIs) {
  core::WorkerEntry entry;
  entry.blame.until = seconds(1060);
  entry.blame.reason = "3 trials failed";
  const WorkerView view = ViewOf(entry);
  EXPECT_EQ(
      view.At(seconds(1010)).set_aside(),
      "3 trials failed. It gets no trial that another worker could run for 50 s more, or until it is restarted; its "
      "log says more");
  EXPECT_EQ(view.At(seconds(1060)).set_aside(), "");
}

TEST(SweepViewTest, TimesBeforeTheEpochAreValidTimestamps) {
  const google::protobuf::Timestamp time = ToTimestamp(std::chrono::milliseconds(-1500));
  EXPECT_EQ(time.seconds(), -2);
  EXPECT_EQ(time.nanos(), 500000000);
}

}  // namespace
}  // namespace basin::server::runtime
