#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/agent/agent_fixture.h"

namespace basin::worker::agent {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::SizeIs;

// One trial at its second attempt.
class AgentCheckpointTest : public AgentFixture {
 protected:
  AgentCheckpointTest() : AgentFixture(1) {
    lease_.set_sweep_id("sweep");
    lease_.set_attempt(2);
    lease_.mutable_checkpointing()->set_every_epochs(1);
  }

  static v1::CheckpointReference Reference(uint64_t step, uint64_t next_sequence, const std::string& sha256) {
    v1::CheckpointReference reference;
    reference.set_step(step);
    reference.set_bytes(3);
    reference.set_sha256(sha256);
    reference.set_next_sequence(next_sequence);
    return reference;
  }
  void Start(const std::function<job::JobResult(const job::JobContext&)>& job) {
    RunJobs([job](uint64_t, const job::JobContext& context) { return job(context); });
    coordinator_.AddTrial(lease_);
    AgentFixture::Start();
  }
  static void Report(const job::JobContext& context) {
    v1::MetricPoint point;
    point.set_name("m");
    context.report({&point, 1});
  }

  v1::LeasedTrial lease_;
};

TEST_F(AgentCheckpointTest, GoesOnFromTheCheckpointOfItsLeaseWithTheNextPoint) {
  *lease_.mutable_checkpoint() = Reference(7, 3, "new");
  coordinator_.AddFile("new", "abc");
  std::string loaded;
  Start([&](const job::JobContext& context) {
    loaded = context.load_checkpoint(absl::OkStatus()).value_or("nothing");
    Report(context);
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_EQ(loaded, "abc");
  EXPECT_THAT(coordinator_.ended_.at(0).points, SizeIs(4)) << "three of the earlier attempt and one of its own";
  EXPECT_THAT(log_text_.str(), HasSubstr("resuming from a checkpoint"));
}

TEST_F(AgentCheckpointTest, ADamagedOneFallsBackToTheOneBefore) {
  *lease_.mutable_checkpoint() = Reference(7, 3, "new");
  coordinator_.AddFile("old", "xyz");
  coordinator_.FallBackTo(Reference(4, 1, "old"));
  std::string loaded;
  Start([&](const job::JobContext& context) {
    loaded = context.load_checkpoint(absl::OkStatus()).value_or("nothing");
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_EQ(loaded, "xyz");
  ASSERT_THAT(coordinator_.rejections_, SizeIs(1));
  EXPECT_EQ(coordinator_.rejections_[0].sha256(), "new");
  EXPECT_EQ(coordinator_.rejections_[0].attempt(), 2u);
  EXPECT_THAT(coordinator_.rejections_[0].reason(), HasSubstr("damaged"));
}

TEST_F(AgentCheckpointTest, OneThatTheJobRefusesFallsBackToTheStart) {
  *lease_.mutable_checkpoint() = Reference(7, 3, "new");
  coordinator_.AddFile("new", "abc");
  bool at_start = false;
  Start([&](const job::JobContext& context) {
    EXPECT_TRUE(context.load_checkpoint(absl::OkStatus()).has_value());
    at_start = !context.load_checkpoint(absl::FailedPreconditionError("of another training")).has_value();
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_TRUE(at_start);
  ASSERT_THAT(coordinator_.rejections_, SizeIs(1));
  EXPECT_EQ(coordinator_.rejections_[0].reason(), "of another training");
  EXPECT_THAT(log_text_.str(), HasSubstr("a checkpoint can't be used"));
}

TEST_F(AgentCheckpointTest, IsUploadedAfterThePointsBeforeIt) {
  Start([&](const job::JobContext& context) {
    EXPECT_FALSE(context.load_checkpoint(absl::OkStatus()).has_value());
    EXPECT_EQ(context.checkpoint_epochs, 1u);
    Report(context);
    Report(context);
    context.save_checkpoint({5, "state"});
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  ASSERT_THAT(coordinator_.uploads_, SizeIs(1));
  const FakeCoordinator::Upload& upload = coordinator_.uploads_[0];
  EXPECT_EQ(upload.points, 2u);
  EXPECT_EQ(upload.bytes, "state");
  EXPECT_EQ(upload.header.step(), 5u);
  EXPECT_EQ(upload.header.attempt(), 2u);
  EXPECT_EQ(upload.header.next_sequence(), 2u);
  EXPECT_EQ(upload.header.bytes(), 5u);
}

TEST_F(AgentCheckpointTest, WithoutAStepSinceTheLeasesIsNotSaved) {
  *lease_.mutable_checkpoint() = Reference(7, 3, "new");
  coordinator_.AddFile("new", "abc");
  Start([&](const job::JobContext& context) {
    EXPECT_TRUE(context.load_checkpoint(absl::OkStatus()).has_value());
    context.save_checkpoint({0, "the start"});
    context.save_checkpoint({7, "the same"});
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_THAT(coordinator_.uploads_, SizeIs(0));
}

TEST_F(AgentCheckpointTest, IsAskedForWhenItsTimeHasCome) {
  lease_.mutable_checkpointing()->set_every_seconds(0.02);
  Start([&](const job::JobContext& context) {
    EXPECT_FALSE(context.load_checkpoint(absl::OkStatus()).has_value());
    for (uint64_t step = 1; step <= 2; ++step) {
      while (!*context.control->interrupt()) std::this_thread::yield();
      EXPECT_TRUE(context.control->TakeCheckpointRequest());
      context.save_checkpoint({step, "state"});
    }
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_THAT(coordinator_.uploads_, SizeIs(2));
}

TEST_F(AgentCheckpointTest, IsSavedByAWorkerThatDrainsBeforeItHandsTheTrialBack) {
  std::atomic<bool> started = false;
  Start([&](const job::JobContext& context) {
    Report(context);
    started = true;
    coordinator_.Notify();
    while (!context.control->stopped()) std::this_thread::yield();
    context.save_checkpoint({9, "state"});
    return job::JobResult{job::JobOutcome::kStopped, "", "", ""};
  });
  ASSERT_TRUE(coordinator_.Await([&] { return started.load(); }));
  Leave();
  ASSERT_THAT(coordinator_.uploads_, SizeIs(1));
  EXPECT_EQ(coordinator_.uploads_[0].header.step(), 9u);
  EXPECT_EQ(coordinator_.ended_.at(0).outcome.kind(), v1::TrialOutcome::KIND_RELEASED);
}

TEST_F(AgentCheckpointTest, WeightsAreUploadedBeforeTheOutcomeOnceTheServerIsThere) {
  lease_.set_keep_weights(true);
  Start([&](const job::JobContext& context) {
    coordinator_.GoAway();
    std::thread server([&] {
      EXPECT_TRUE(coordinator_.Await([&] { return coordinator_.weights_calls_ > 0; }));
      coordinator_.ComeBack();
    });
    context.save_weights({7, "weights"});
    server.join();
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  ASSERT_THAT(coordinator_.weights_, SizeIs(1));
  EXPECT_EQ(coordinator_.weights_[0].bytes, "weights");
  EXPECT_EQ(coordinator_.weights_[0].header.step(), 7u);
  EXPECT_EQ(coordinator_.weights_[0].header.attempt(), 2u);
  EXPECT_EQ(coordinator_.weights_[0].header.bytes(), 7u);
  EXPECT_EQ(coordinator_.weights_[0].header.worker_id(), "w-1");
  EXPECT_FALSE(coordinator_.weights_[0].ended);
}

TEST_F(AgentCheckpointTest, WeightsThatAreTooBadToBeKeptAreNotUploaded) {
  lease_.set_keep_weights(true);
  lease_.mutable_weights_bar()->mutable_objective()->set_minimize("val_loss");
  lease_.mutable_weights_bar()->set_value(0.5);
  Start([](const job::JobContext& context) {
    v1::MetricPoint point;
    point.set_name("val_loss");
    point.set_value(0.75);
    context.report({&point, 1});
    context.save_weights({7, "weights"});
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_THAT(coordinator_.weights_, ::testing::IsEmpty());
}

TEST_F(AgentCheckpointTest, NobodyIsAskedForWeightsThatAreNotWanted) {
  bool asked = true;
  Start([&](const job::JobContext& context) {
    asked = context.save_weights != nullptr;
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_FALSE(asked);
}

TEST_F(AgentCheckpointTest, StoredWeightsAreAskedForByWhatTheyWereComputedFrom) {
  coordinator_.StoreWeights("stored");
  std::string used;
  Start([&](const job::JobContext& context) {
    context.use_stored_weights({{"workload", 5, "data", "engine"}, "digits"}, [&](std::string_view bytes) {
      used = bytes;
      return absl::OkStatus();
    });
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_EQ(used, "stored");
  ASSERT_THAT(coordinator_.wanted_weights_, SizeIs(1));
  const v1::DownloadWeightsRequest& request = coordinator_.wanted_weights_[0];
  EXPECT_EQ(request.workload_digest(), "workload");
  EXPECT_EQ(request.seed(), 5u);
  EXPECT_EQ(request.engine_fingerprint(), "engine");
  EXPECT_EQ(request.dataset(), "digits");
  EXPECT_EQ(request.data_digest(), "data");
  EXPECT_THAT(log_text_.str(), HasSubstr("stored weights are looked at"));
}

TEST_F(AgentCheckpointTest, StoredWeightsThatCantBeUsedAreNotedWithTheReasonAndThoseThatAreNotThereNot) {
  Start([&](const job::JobContext& context) {
    const auto refuse = [](std::string_view) { return absl::FailedPreconditionError("of another network"); };
    context.use_stored_weights({{"workload", 5, "data", "engine"}, "digits"}, refuse);
    coordinator_.StoreWeights("stored");
    context.use_stored_weights({{"workload", 6, "data", "engine"}, "digits"}, refuse);
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  const std::string log = log_text_.str();
  const size_t noted = log.find("stored weights can't be used");
  ASSERT_NE(noted, std::string::npos) << log;
  EXPECT_THAT(log.substr(noted), HasSubstr("of another network"));
  EXPECT_EQ(log.find("stored weights can't be used", noted + 1), std::string::npos) << log;
}

TEST_F(AgentCheckpointTest, AWorkerThatLeavesDoesNotWaitForStoredWeights) {
  coordinator_.StallDownloads();
  Start([&](const job::JobContext& context) {
    context.use_stored_weights({{"workload", 5, "data", "engine"}, "digits"}, [](std::string_view) {
      ADD_FAILURE() << "there are none";
      return absl::OkStatus();
    });
    return job::JobResult{job::JobOutcome::kStopped, "", "", ""};
  });
  ASSERT_TRUE(coordinator_.Await([&] { return !coordinator_.wanted_weights_.empty(); }));
  Leave();
  EXPECT_TRUE(left_.ok()) << left_;
  EXPECT_TRUE(coordinator_.downloads_cancelled_);
  EXPECT_EQ(log_text_.str().find("stored weights"), std::string::npos) << log_text_.str();
}

// The answers of a server that does not take weights, and how often it is asked.
class AgentRefusedWeightsTest : public AgentCheckpointTest,
                                public testing::WithParamInterface<std::pair<absl::Status, int>> {};

TEST_P(AgentRefusedWeightsTest, AResultCountsWithoutThem) {
  lease_.set_keep_weights(true);
  coordinator_.RefuseWeights(GetParam().first);
  Start([&](const job::JobContext& context) {
    context.save_weights({7, "weights"});
    return Success();
  });
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_EQ(coordinator_.weights_calls_, GetParam().second);
  EXPECT_EQ(coordinator_.ended_.at(0).outcome.kind(), v1::TrialOutcome::KIND_SUCCEEDED);
  EXPECT_THAT(log_text_.str(), HasSubstr("the weights could not be saved"));
}

INSTANTIATE_TEST_SUITE_P(Answers, AgentRefusedWeightsTest,
                         testing::Values(std::pair(absl::ResourceExhaustedError("the disk is full"), 1),
                                         std::pair(absl::DeadlineExceededError("too slow"), 3)),
                         [](const auto& instance) { return instance.index == 0 ? "Full" : "Slow"; });

}  // namespace
}  // namespace basin::worker::agent
