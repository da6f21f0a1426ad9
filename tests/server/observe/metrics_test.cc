#include "server/observe/metrics.h"

#include "tests/server/observe/exposition.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::observe {
namespace {

using testing::HasSubstr;

struct Owned {
  Metrics metrics;
};

// A server that is measured. The metrics are made before it and go after it.
class MetricsTest : private Owned, public rpc::RpcTest {
 protected:
  MetricsTest() : RpcTest(Options(&metrics)) {
    metrics.SetSource([this] { return Metrics::Sample{server_->GetStatus(), queries_->LogBytes()}; });
  }

  static rpc::ServerOptions Options(Metrics* metrics) {
    rpc::ServerOptions options;
    options.call_observer = metrics;
    options.coordinator.observer = metrics;
    return options;
  }

  Metrics& the_metrics() { return metrics; }
  Exposition Scrape() { return ParseExposition(metrics.Expose()); }
};

constexpr char kGetSweep[] = "grpc_method=\"GetSweep\",grpc_service=\"basin.v1.SweepService\"";

TEST_F(MetricsTest, EveryPromisedNameIsThereAfterTheFirstCall) {
  Create();
  const Exposition scrape = Scrape();
  for (const char* name :
       {"grpc_server_handled_total", "grpc_server_handling_seconds", "basin_build_info", "basin_trials",
        "basin_leases_active", "basin_lease_expirations_total", "basin_fenced_writes_total",
        "basin_metric_points_total", "basin_store_commit_duration_seconds", "basin_store_batch_commands",
        "basin_wal_bytes", "basin_queue_depth"}) {
    EXPECT_TRUE(scrape.types.contains(name)) << name;
  }
}

TEST_F(MetricsTest, CallsAreCountedByMethodAndCode) {
  const std::string sweep = Create().id();
  Get(sweep);
  Get(sweep);
  v1::GetSweepRequest unknown;
  unknown.set_sweep("nothing");
  EXPECT_FALSE(Call(*sweeps_, &v1::SweepService::Stub::GetSweep, unknown).ok());
  const Exposition scrape = Scrape();
  EXPECT_EQ(scrape[std::string("grpc_server_handled_total{grpc_code=\"OK\",") + kGetSweep + "}"], 2);
  EXPECT_EQ(scrape[std::string("grpc_server_handled_total{grpc_code=\"NOT_FOUND\",") + kGetSweep + "}"], 1);
  EXPECT_EQ(scrape[std::string("grpc_server_handling_seconds_count{") + kGetSweep + "}"], 3);
}

TEST_F(MetricsTest, FaultsOfTheServerAreCountedFromZero) {
  const Exposition scrape = Scrape();
  for (const char* code : {"UNKNOWN", "INTERNAL", "DATA_LOSS"}) {
    const std::string name = std::string("grpc_server_handled_total{grpc_code=\"") + code + "\"," + kGetSweep + "}";
    ASSERT_TRUE(scrape.samples.contains(name)) << name;
    EXPECT_EQ(scrape[name], 0);
  }
}

TEST_F(MetricsTest, TrialsAndLeasesAreThoseOfAllSweeps) {
  Create("a", 2);
  Create("b", 1);
  const std::string worker = Register("w", 4);
  const std::vector<v1::LeasedTrial> leased = Lease(worker, 3);
  ASSERT_EQ(leased.size(), 3u);
  Report(worker, Success(leased[0]));
  const Exposition scrape = Scrape();
  EXPECT_EQ(scrape["basin_trials{state=\"pending\"}"], 3);
  EXPECT_EQ(scrape["basin_trials{state=\"running\"}"], 2);
  EXPECT_EQ(scrape["basin_trials{state=\"succeeded\"}"], 1);
  EXPECT_EQ(scrape["basin_leases_active"], 2);
  EXPECT_EQ(scrape["basin_sweeps{state=\"running\"}"], 2);
  EXPECT_EQ(scrape["basin_workers{state=\"connected\"}"], 1);
}

TEST_F(MetricsTest, StoredPointsAndCommitsAreCounted) {
  Create();
  const std::string worker = Register();
  const v1::LeasedTrial trial = Lease(worker).at(0);
  const Exposition before = Scrape();
  v1::TrialReport success = Success(trial);
  Report(worker, success);
  const Exposition after = Scrape();
  EXPECT_EQ(after["basin_metric_points_total"] - before["basin_metric_points_total"], success.points_size());
  EXPECT_GT(success.points_size(), 0);
  EXPECT_EQ(after["basin_store_commit_duration_seconds_count"] - before["basin_store_commit_duration_seconds_count"],
            1);
  EXPECT_EQ(after["basin_store_batch_commands_count"] - before["basin_store_batch_commands_count"], 1);
  EXPECT_GT(after["basin_wal_bytes"], 0);
}

TEST_F(MetricsTest, AReportOfAStaleAttemptIsAFencedWrite) {
  Create();
  const std::string worker = Register();
  const v1::LeasedTrial trial = Lease(worker).at(0);
  v1::TrialReport stale = Success(trial);
  stale.set_attempt(trial.attempt() + 1);
  EXPECT_EQ(Report(worker, stale).directive(), v1::TrialReportResult::DIRECTIVE_LOST);
  EXPECT_EQ(Scrape()["basin_fenced_writes_total"], 1);
}

TEST_F(MetricsTest, NoLabelNamesASweepATrialOrAWorker) {
  const std::string sweep = Create().id();
  const std::string worker = Register("some-worker");
  RunAll(worker);
  const std::string text = the_metrics().Expose();
  for (const std::string& id : {sweep, worker, std::string("some-worker")}) {
    EXPECT_THAT(text, testing::Not(HasSubstr(id)));
  }
}

TEST_F(MetricsTest, AServerIsReadyFromItsStartToItsEnd) {
  EXPECT_TRUE(the_metrics().Ready().ok());
  EXPECT_TRUE(the_metrics().Live().ok());
  the_metrics().SetSource({});
  EXPECT_FALSE(the_metrics().Ready().ok());
  EXPECT_TRUE(the_metrics().Live().ok());
}

TEST(MetricsSampleTest, AFullDiskIsNotReadyAndAStuckLoopIsNotAlive) {
  Metrics metrics;
  Metrics::Sample sample;
  metrics.SetSource([&sample] { return sample; });
  sample.server.load.disk_full = true;
  EXPECT_THAT(std::string(metrics.Ready().message()), HasSubstr("disk is full"));
  EXPECT_EQ(ParseExposition(metrics.Expose())["basin_disk_full"], 1);
  EXPECT_TRUE(metrics.Live().ok());
  sample.server.load.busy = std::chrono::minutes(10);
  EXPECT_FALSE(metrics.Live().ok());
}

TEST(MetricsSampleTest, EndedLeasesAndTimeLimitsAreCountedApart) {
  Metrics metrics;
  metrics.OnExpired(3, 0);
  metrics.OnExpired(1, 2);
  const Exposition scrape = ParseExposition(metrics.Expose());
  EXPECT_EQ(scrape["basin_lease_expirations_total"], 4);
  EXPECT_EQ(scrape["basin_time_limit_expirations_total"], 2);
}

}  // namespace
}  // namespace basin::server::observe
