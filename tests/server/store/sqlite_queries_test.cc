#include "server/store/sqlite_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/store/schema.h"
#include "tests/server/store/listed_outcomes.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::server::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using tests::StoredSweep;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class SqliteQueriesTest : public ::testing::Test {
 protected:
  SqliteQueriesTest() {
    auto opened = SqliteQueries::Open(stored_.dir(), [] { return core::MonoTime{}; });
    EXPECT_TRUE(opened.ok()) << opened.status();
    queries_ = *std::move(opened);
  }
  std::vector<uint64_t> Indices(uint64_t from, const std::vector<core::TrialState>& states, uint32_t limit = 100) {
    const auto trials = queries_->Trials("s", from, states, limit);
    EXPECT_TRUE(trials.ok()) << trials.status();
    std::vector<uint64_t> indices;
    for (const v1::Trial& trial : *trials) indices.push_back(trial.index());
    return indices;
  }

  StoredSweep stored_;
  std::unique_ptr<SqliteQueries> queries_;
};

TEST_F(SqliteQueriesTest, TrialHasAllOfItsResult) {
  const auto trials = queries_->Trials("s", 0, {}, 1);
  ASSERT_TRUE(trials.ok()) << trials.status();
  ASSERT_THAT(*trials, SizeIs(1));
  const v1::Trial& trial = trials->front();
  EXPECT_EQ(trial.sweep_id(), "s");
  EXPECT_EQ(trial.state(), v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(trial.attempts(), 2u);
  EXPECT_EQ(trial.worker(), "name");
  EXPECT_EQ(trial.objective(), 0.25);
  EXPECT_EQ(trial.started_at().seconds(), 1700000000);
  EXPECT_EQ(trial.started_at().nanos(), 250000000);
  EXPECT_EQ(trial.ended_at().seconds(), 1700000002);
  EXPECT_EQ(trial.duration().seconds(), 1);
  EXPECT_EQ(trial.duration().nanos(), 500000000);
  EXPECT_EQ(trial.weights_digest(), "weights");
  EXPECT_EQ(trial.data_digest(), "digest-1");
  EXPECT_EQ(trial.engine_fingerprint(), "engine-1");
  EXPECT_EQ(trial.metrics().at("val_loss"), 0.25);
  EXPECT_EQ(trial.metrics().at("val_accuracy"), 0.5);
  ASSERT_EQ(trial.params_size(), 2);
  EXPECT_EQ(trial.params(0).path(), "train.dataset.name");
  EXPECT_EQ(trial.params(0).value().string_value(), "digits");
  EXPECT_EQ(trial.params(1).path(), "train.batch_size");
  EXPECT_EQ(trial.params(1).value().int_value(), 16);
}

TEST_F(SqliteQueriesTest, NanIsAMetricOfADivergedTrial) {
  const auto trials = queries_->Trials("s", 1, {}, 1);
  ASSERT_TRUE(trials.ok());
  EXPECT_TRUE(std::isnan(trials->at(0).metrics().at("val_loss")));
  EXPECT_FALSE(trials->at(0).has_objective());
  EXPECT_EQ(trials->at(0).message(), "at step 7");
}

TEST_F(SqliteQueriesTest, QueuedTrialSaysWhyItsLastAttemptEnded) {
  const auto trials = queries_->Trials("s", 3, {}, 1);
  ASSERT_TRUE(trials.ok());
  EXPECT_EQ(trials->at(0).state(), v1::TRIAL_STATE_PENDING);
  EXPECT_EQ(trials->at(0).message(), "lost");
  EXPECT_FALSE(trials->at(0).has_ended_at());
}

TEST_F(SqliteQueriesTest, TrialsComeInOrderFromAnIndexOn) {
  EXPECT_THAT(Indices(0, {}), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Indices(3, {}), ElementsAre(3, 4));
  EXPECT_THAT(Indices(1, {}, 2), ElementsAre(1, 2));
  EXPECT_THAT(Indices(5, {}), IsEmpty());
}

TEST_F(SqliteQueriesTest, TrialsAreChosenByState) {
  EXPECT_THAT(Indices(0, {core::TrialState::kFailed}), ElementsAre(4));
  EXPECT_THAT(Indices(0, {core::TrialState::kSucceeded}), ElementsAre(0));
  EXPECT_THAT(Indices(1, {core::TrialState::kSucceeded, core::TrialState::kRunning}), ElementsAre(2));
}

TEST_F(SqliteQueriesTest, UnknownSweepHasNoTrials) {
  EXPECT_THAT(*queries_->Trials("unknown", 0, {}, 10), IsEmpty());
  const auto outcomes = queries_->Outcomes("unknown");
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_THAT(*tests::ListColumns(**outcomes), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(queries_->FindSpec("unknown").status()));
}

TEST_F(SqliteQueriesTest, PointsAreThoseOfTheAcceptedAttempt) {
  const auto page = queries_->Points("s", 0, "val_loss", {}, 100);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->points, SizeIs(2));
  EXPECT_EQ(page->points[0].point().value(), 0.5);
  EXPECT_EQ(page->points[1].point().step(), 20u);
  EXPECT_EQ(page->points[1].point().value(), 0.25);
  EXPECT_EQ(page->points[1].point().epoch(), 2);
  EXPECT_EQ(page->points[1].point().examples(), 320u);
  EXPECT_FALSE(page->next.has_value());
}

TEST_F(SqliteQueriesTest, PointsThatAreNoNumbersComeBackAsTheyWere) {
  const auto page = queries_->Points("s", std::nullopt, "", {1, 0}, 100);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->points, SizeIs(3));
  EXPECT_TRUE(std::isnan(page->points[0].point().value()));
  EXPECT_EQ(page->points[1].point().value(), kInfinity);
  EXPECT_EQ(page->points[2].point().value(), -kInfinity);
}

TEST_F(SqliteQueriesTest, PagesOfAnySizeGiveEveryPointOnce) {
  for (const std::string metric : {"", "val_loss"}) {
    for (uint32_t limit = 1; limit <= 7; ++limit) {
      std::vector<std::pair<uint64_t, uint64_t>> seen;
      std::optional<Queries::PointCursor> at = Queries::PointCursor{};
      while (at) {
        const auto page = queries_->Points("s", std::nullopt, metric, *at, limit);
        ASSERT_TRUE(page.ok()) << page.status();
        EXPECT_LE(page->points.size(), limit);
        for (const v1::TrialPoint& point : page->points) seen.emplace_back(point.trial(), point.point().step());
        at = page->next;
      }
      if (metric.empty()) {
        EXPECT_THAT(seen, ElementsAre(std::pair(0, 10), std::pair(0, 10), std::pair(0, 20), std::pair(1, 5),
                                      std::pair(1, 6), std::pair(2, 5)));
      } else {
        EXPECT_THAT(seen,
                    ElementsAre(std::pair(0, 10), std::pair(0, 20), std::pair(1, 5), std::pair(1, 6), std::pair(2, 5)));
      }
    }
  }
}

TEST_F(SqliteQueriesTest, UnknownMetricHasNoPoints) {
  EXPECT_THAT(queries_->Points("s", std::nullopt, "unknown", {}, 10)->points, IsEmpty());
}

TEST_F(SqliteQueriesTest, OutcomesAreThoseOfEveryTrialWithARow) {
  const auto outcomes = queries_->Outcomes("s");
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_THAT(*tests::ListColumns(**outcomes),
              ElementsAre(Pair(0,
                               "state 3 objective 3fd0000000000000 val_accuracy 3fe0000000000000 val_loss "
                               "3fd0000000000000"),
                          Pair(1, "state 4 objective nan"), Pair(2, "state 2 objective nan"),
                          Pair(3, "state 1 objective nan"), Pair(4, "state 6 objective nan")));
}

TEST_F(SqliteQueriesTest, LastCommitIsSeen) {
  EXPECT_THAT(Indices(5, {}), IsEmpty());
  stored_.Commit({stored_.Leased(5)});
  EXPECT_THAT(Indices(5, {}), ElementsAre(5));
}

TEST_F(SqliteQueriesTest, SpecIsTheStoredOne) {
  const auto spec = queries_->FindSpec("s");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->SerializeAsString(), stored_.store().FindSpec("s")->SerializeAsString());
}

TEST_F(SqliteQueriesTest, SizeCountsTheLog) {
  const auto info = queries_->Info();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_GE(info->bytes, std::filesystem::file_size(stored_.dir() + "/basin.db") +
                             std::filesystem::file_size(stored_.dir() + "/basin.db-wal"));
  EXPECT_EQ(info->schema_version, SchemaVersion());
}

TEST(SqliteQueriesOpenTest, DatabaseMustBeThere) {
  tests::TempDir dir;
  EXPECT_FALSE(SqliteQueries::Open(dir.path().string(), [] { return core::MonoTime{}; }).ok());
}

}  // namespace
}  // namespace basin::server::store
