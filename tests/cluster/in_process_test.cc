#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/channel.h"
#include "server/rpc/server.h"
#include "server/runtime/system_clock.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_store.h"
#include "tests/cluster/sweeps.h"
#include "tests/support/temp_dir.h"
#include "worker/agent/agent.h"
#include "worker/agent/grpc_coordinator_client.h"
#include "worker/data/catalog.h"
#include "worker/job/job.h"

namespace basin::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A coordinator with its database, on a free port.
class LocalServer {
 public:
  explicit LocalServer(const std::filesystem::path& dir) {
    auto store = server::store::SqliteStore::Open(dir.string());
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto queries = server::store::SqliteQueries::Open(dir.string(), [this] { return clock_.Read().mono; });
    EXPECT_TRUE(queries.ok()) << queries.status();
    queries_ = *std::move(queries);
    artifacts_ = *server::store::ArtifactStore::Open(dir.string(), {});
    auto server = server::rpc::Server::Start({}, store_.get(), queries_.get(), artifacts_.get(), &clock_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string address() const { return server_->address().ToString(); }

 private:
  server::runtime::SystemClock clock_;
  std::unique_ptr<server::store::SqliteStore> store_;
  std::unique_ptr<server::store::SqliteQueries> queries_;
  std::unique_ptr<server::store::ArtifactStore> artifacts_;
  std::unique_ptr<server::rpc::Server> server_;
};

// A worker with the embedded data alone; drains when it goes.
class LocalWorker {
 public:
  LocalWorker(const std::string& server, const std::string& name, uint32_t slots, uint32_t threads_per_trial)
      : client_(contract::CreateChannel(server)), log_(Log()) {
    auto catalog = worker::data::Catalog::Open("");
    EXPECT_TRUE(catalog.ok()) << catalog.status();
    catalog_ = *std::move(catalog);
    worker::agent::AgentOptions options;
    options.registration.set_name(name);
    options.registration.set_engine_fingerprint(worker::job::EngineFingerprint());
    options.registration.set_slots(slots);
    options.registration.set_threads_per_trial(threads_per_trial);
    for (const auto& [dataset, digest] : catalog_->Digests()) {
      v1::AvailableDataset& available = *options.registration.add_datasets();
      available.set_name(dataset);
      available.set_digest(digest);
    }
    options.run_job = worker::job::RunJob;
    options.catalog = catalog_.get();
    options.server = server;
    agent_ = std::make_unique<worker::agent::Agent>(options, &client_, &clock_, log_.get());
    thread_ = std::thread([this] { EXPECT_TRUE(agent_->Run().ok()); });
  }
  ~LocalWorker() {
    agent_->Drain();
    thread_.join();
  }

 private:
  static std::unique_ptr<contract::EventLog> Log() {
    return contract::EventLog::ToStderr("worker", contract::LogFormat::kText, contract::LogLevel::kWarning);
  }

  std::unique_ptr<worker::data::Catalog> catalog_;
  worker::agent::GrpcCoordinatorClient client_;
  worker::agent::SystemClock clock_;
  std::unique_ptr<contract::EventLog> log_;
  std::unique_ptr<worker::agent::Agent> agent_;
  std::thread thread_;
};

class InProcessTest : public testing::Test {
 protected:
  TempDir dir_;
  LocalServer server_{dir_.path()};
  SweepClient client_{server_.address()};

  std::unique_ptr<LocalWorker> Worker(const std::string& name, uint32_t slots, uint32_t threads_per_trial = 1) {
    return std::make_unique<LocalWorker>(server_.address(), name, slots, threads_per_trial);
  }
  // Ends with a result for each trial.
  std::map<uint64_t, std::string> Run(const v1::SweepSpec& spec, size_t trials) {
    const std::string sweep = client_.Create(spec);
    EXPECT_TRUE(client_.AwaitFinished(sweep));
    return DigestsOf(client_.Trials(sweep), trials);
  }
};

TEST_F(InProcessTest, ASweepEndsWithAResultForEveryTrial) {
  const auto a = Worker("a", 2), b = Worker("b", 2);
  const std::string sweep = client_.Create(DigitsSweep(3, 5));
  ASSERT_TRUE(client_.AwaitFinished(sweep));
  const std::vector<v1::Trial> trials = client_.Trials(sweep);
  DigestsOf(trials, 12);
  const std::vector<v1::ResultRow> results = client_.Results(sweep);
  ASSERT_EQ(results.size(), 4);
  for (const v1::ResultRow& row : results) {
    EXPECT_EQ(row.succeeded(), 3);
    EXPECT_EQ(row.objective().n(), 3);
    EXPECT_GT(row.metrics().at("val_accuracy").mean(), 0.8);
  }
  EXPECT_TRUE(results[0].best());
}

TEST_F(InProcessTest, EveryMetricOfEveryEpochIsStored) {
  const auto worker = Worker("a", 2);
  const std::string sweep = client_.Create(DigitsSweep(1, 7));
  ASSERT_TRUE(client_.AwaitFinished(sweep));
  std::map<std::pair<uint64_t, std::string>, std::vector<double>> epochs;
  for (const v1::TrialPoint& point : client_.Points(sweep)) {
    epochs[{point.trial(), point.point().name()}].push_back(point.point().epoch());
  }
  for (uint64_t trial = 0; trial < 4; ++trial) {
    for (const char* metric : {"train_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy"}) {
      EXPECT_THAT((epochs[{trial, metric}]), ElementsAre(1, 2, 3, 4, 5, 6, 7)) << trial << " " << metric;
    }
  }
}

TEST_F(InProcessTest, TheBitsDoNotDependOnSlotsOrThreads) {
  std::map<uint64_t, std::string> side_by_side, one_by_one;
  {
    const auto worker = Worker("slots", 3, 1);
    side_by_side = Run(DigitsSweep(2, 3), 8);
  }
  {
    const auto worker = Worker("threads", 1, 3);
    one_by_one = Run(DigitsSweep(2, 3), 8);
  }
  EXPECT_EQ(side_by_side, one_by_one);
}

TEST_F(InProcessTest, ATrialIsVerifiedOnAnotherWorkerWithTheSameBits) {
  const auto first = Worker("first", 2);
  const std::string sweep = client_.Create(DigitsSweep(1, 3));
  ASSERT_TRUE(client_.AwaitFinished(sweep));
  const v1::Trial trial = client_.Trials(sweep).at(2);
  EXPECT_EQ(trial.worker(), "first");
  const auto second = Worker("second", 1);
  ASSERT_TRUE(client_.AwaitWorkers(2));
  const std::string verification = client_.Verify(sweep, 2);
  ASSERT_TRUE(client_.AwaitFinished(verification));
  const v1::Trial again = client_.Trials(verification).at(0);
  EXPECT_EQ(again.worker(), "second");
  EXPECT_EQ(again.weights_digest(), trial.weights_digest());
  EXPECT_EQ(again.data_digest(), trial.data_digest());
  EXPECT_EQ(client_.Trials(sweep).at(2).worker(), "first");
}

TEST_F(InProcessTest, ManyShortTrialsAllArrive) {
  const auto a = Worker("a", 4), b = Worker("b", 3);
  v1::SweepSpec spec = DigitsSweep(50, 1);
  spec.mutable_base()->mutable_train()->mutable_model()->mutable_softmax_regression();
  Run(spec, 200);
}

TEST_F(InProcessTest, AFaultBetweenFieldsEndsTheSweepAtItsFirstTrial) {
  const auto worker = Worker("a", 1);
  v1::SweepSpec spec = DigitsSweep(10, 1);
  // A set of which only workers know how many examples each class has.
  spec.mutable_base()->mutable_train()->mutable_dataset()->mutable_teacher()->set_examples(1000);
  spec.mutable_domains(0)->mutable_values()->mutable_values(0)->set_int_value(100000);
  const std::string sweep = client_.Create(spec);
  ASSERT_TRUE(client_.AwaitFinished(sweep));
  const v1::Sweep now = client_.Get(sweep);
  EXPECT_EQ(now.state(), v1::SWEEP_STATE_FAILED);
  EXPECT_THAT(now.message(), HasSubstr("batch_size"));
  EXPECT_EQ(now.trials().failed(), 1);
  EXPECT_EQ(now.trials().succeeded(), 0);
}

TEST_F(InProcessTest, ASweepWithoutItsDataWaitsAndSaysSo) {
  const auto worker = Worker("a", 1);
  v1::SweepSpec spec = DigitsSweep(1, 1);
  spec.mutable_base()->mutable_train()->mutable_dataset()->set_name("mnist");
  ASSERT_TRUE(client_.AwaitWorkers(1));
  const std::string sweep = client_.Create(spec);
  ASSERT_TRUE(client_.Await(sweep, [](const v1::Sweep& now) { return !now.waiting().empty(); }));
  EXPECT_THAT(client_.Get(sweep).waiting(), HasSubstr("mnist"));
  EXPECT_EQ(client_.Get(sweep).trials().pending(), 4);
}

TEST_F(InProcessTest, ATimeLimitEndsTheTrialAndFreesItsSlot) {
  const auto worker = Worker("a", 4);
  v1::SweepSpec spec = DigitsSweep(1, 1000000);
  spec.mutable_limits()->set_trial_seconds(0.2);
  spec.mutable_limits()->set_max_attempts(1);
  const std::string sweep = client_.Create(spec);
  ASSERT_TRUE(client_.AwaitFinished(sweep));
  EXPECT_EQ(client_.Get(sweep).trials().failed(), 4);
  Run(DigitsSweep(1, 1), 4);
}

}  // namespace
}  // namespace basin::tests
