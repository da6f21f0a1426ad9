#include "server/store/metric_retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/store/sqlite_queries.h"
#include "tests/server/store/listed_outcomes.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::server::store {
namespace {

using std::chrono::hours;
using ::testing::IsEmpty;
using ::testing::Not;

class MetricRetentionTest : public ::testing::Test {
 protected:
  void EndSweep() {
    core::TrialFinished last = sweep_.Finished(2, core::TrialState::kCancelled, 1);
    sweep_.Commit({last, core::SweepStateChanged{"s", core::SweepState::kCancelled, "", nullptr, sweep_.kTime}});
  }
  // Until there is nothing left to do.
  void TidyAll(core::WallTime now) {
    for (int i = 0; i < 2000; ++i) {
      const auto more = sweep_.store().Tidy(now);
      ASSERT_TRUE(more.ok()) << more.status();
      if (!*more) return;
    }
    FAIL() << "it never ends";
  }
  std::vector<v1::TrialPoint> Points() {
    const auto queries = SqliteQueries::Open(sweep_.dir(), [] { return core::MonoTime(); });
    return (*queries)->Points("s", std::nullopt, "", {}, 1000)->points;
  }

  tests::StoredSweep sweep_;
};

TEST_F(MetricRetentionTest, PointsOfASweepThatEndedLongAgoGo) {
  EndSweep();
  sweep_.store().KeepMetrics(hours(24));
  TidyAll(sweep_.kTime + hours(25));
  EXPECT_THAT(Points(), IsEmpty());
}

TEST_F(MetricRetentionTest, ResultsStayWithoutTheirPoints) {
  EndSweep();
  sweep_.store().KeepMetrics(hours(24));
  TidyAll(sweep_.kTime + hours(25));
  const auto queries = SqliteQueries::Open(sweep_.dir(), [] { return core::MonoTime(); });
  const auto outcomes = (*queries)->Outcomes("s");
  ASSERT_TRUE(outcomes.ok());
  // 0.25, and its accuracy 0.5.
  EXPECT_EQ((*tests::ListColumns(**outcomes))[0],
            "state 3 objective 3fd0000000000000 val_accuracy 3fe0000000000000 val_loss 3fd0000000000000");
}

TEST_F(MetricRetentionTest, PointsOfARecentSweepStay) {
  EndSweep();
  sweep_.store().KeepMetrics(hours(24));
  TidyAll(sweep_.kTime + hours(23));
  EXPECT_THAT(Points(), Not(IsEmpty()));
}

TEST_F(MetricRetentionTest, ARunningSweepKeepsItsPointsHoweverOldItIs) {
  sweep_.store().KeepMetrics(hours(24));
  TidyAll(sweep_.kTime + hours(24 * 1000));
  EXPECT_THAT(Points(), Not(IsEmpty()));
}

TEST_F(MetricRetentionTest, ASweepOfWhichATrialStillRunsKeepsItsPoints) {
  sweep_.Commit({core::SweepStateChanged{"s", core::SweepState::kCancelled, "", nullptr, sweep_.kTime}});
  sweep_.store().KeepMetrics(hours(24));
  TidyAll(sweep_.kTime + hours(24 * 1000));
  EXPECT_THAT(Points(), Not(IsEmpty()));
}

TEST_F(MetricRetentionTest, AFailedSweepWhoseTrialsMayGoOnFromCheckpointsKeepsItsPoints) {
  sweep_.AddCheckpoint("sha");
  sweep_.Commit({core::TrialRequeued{{"s", 2}, 1, 0, "its worker left", sweep_.kTime},
                 core::SweepStateChanged{"s", core::SweepState::kFailed, "invalid", nullptr, sweep_.kTime}});
  sweep_.store().KeepMetrics(hours(24));
  TidyAll(sweep_.kTime + hours(24 * 1000));
  EXPECT_THAT(Points(), Not(IsEmpty()));
}

TEST_F(MetricRetentionTest, WithoutALimitAllIsKept) {
  EndSweep();
  TidyAll(sweep_.kTime + hours(24 * 1000));
  EXPECT_THAT(Points(), Not(IsEmpty()));
}

TEST_F(MetricRetentionTest, SpaceGoesBackToTheDisk) {
  std::vector<core::Event> events;
  for (uint64_t first = 1; first < 240000; first += 1000) {
    std::vector<core::Point> points;
    for (uint64_t i = 0; i < 1000; ++i) points.push_back({"val_loss", first + i, 0.123 * static_cast<double>(i), 1, 1});
    events.push_back(core::PointsAppended{{"s", 2}, 1, first, std::move(points)});
  }
  sweep_.Commit(events);
  EndSweep();
  const auto pages = [this] {
    const auto connection = Connection::Open(SqliteStore::DatabasePath(sweep_.dir()), Connection::Mode::kReadOnly);
    auto count = (*connection)->Prepare("PRAGMA page_count");
    int64_t value = 0;
    EXPECT_TRUE(count
                    ->Each([&value](const Row& row) {
                      value = row.integer(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return value;
  };
  const int64_t before = pages();
  sweep_.store().KeepMetrics(hours(24));
  TidyAll(sweep_.kTime + hours(25));
  EXPECT_GT(before, 1500);
  EXPECT_LT(pages(), before / 2);
}

}  // namespace
}  // namespace basin::server::store
