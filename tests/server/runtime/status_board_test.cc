#include "server/runtime/status_board.h"

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/runtime/fake_clock.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::runtime {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

using Sweeps = std::future<absl::StatusOr<v1::Sweep>>;

class StatusBoardTest : public testing::Test {
 protected:
  // What the loop does with a command.
  void Do(const core::Command& command) {
    Changes changes;
    core::State before = scheduler_.state();
    ASSERT_TRUE(scheduler_.Do(command).ok());
    for (const core::Event& event : scheduler_.events()) {
      changes.Add(event, before);
      before.Apply(event);
    }
    board_.Publish(scheduler_.state(), changes, clock_.Read());
  }
  void Create(const core::SweepId& id, const std::string& name) {
    core::CreateSweep command;
    command.id = id;
    command.definition = tests::SweepBuilder().Name(name).Build();
    Do(command);
    scheduler_.Advance(1);
  }
  void Register(const core::WorkerId& id, const std::string& name) {
    Do(core::RegisterWorker{.id = id, .description = tests::Description(name)});
  }
  Sweeps Wait(const core::SweepId& id, uint64_t known_revision, core::MonoTime wait, uint64_t* number = nullptr) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<v1::Sweep>>>();
    Sweeps sweeps = promise->get_future();
    const uint64_t made = board_.WaitForSweep(
        id, known_revision, wait, [promise](absl::StatusOr<v1::Sweep> sweep) { promise->set_value(std::move(sweep)); });
    if (number != nullptr) *number = made;
    return sweeps;
  }
  static bool IsReady(const Sweeps& sweeps) { return sweeps.wait_for(seconds(0)) == std::future_status::ready; }
  std::vector<std::string> Ids(const StatusBoard::SweepPage& page) {
    std::vector<std::string> ids;
    for (const v1::Sweep& sweep : page.sweeps) ids.push_back(sweep.id());
    return ids;
  }

  FakeClock clock_;
  tests::Scheduler scheduler_;
  StatusBoard board_{&clock_};
};

TEST_F(StatusBoardTest, ASweepIsFoundByIdPrefixAndName) {
  Create("abcd2222", "digits");
  EXPECT_EQ(*board_.FindSweep("abcd2222"), "abcd2222");
  EXPECT_EQ(*board_.FindSweep("ab"), "abcd2222");
  EXPECT_EQ(*board_.FindSweep("digits"), "abcd2222");
}

TEST_F(StatusBoardTest, WhatNothingMatchesIsNotFound) {
  Create("abcd2222", "digits");
  EXPECT_TRUE(absl::IsNotFound(board_.FindSweep("zz").status()));
  EXPECT_TRUE(absl::IsNotFound(board_.FindSweep("").status()));
  EXPECT_TRUE(absl::IsNotFound(board_.FindSweep("digit").status()));
}

TEST_F(StatusBoardTest, AnAmbiguousPrefixNamesTheSweeps) {
  Create("abcd2222", "one");
  Create("abce2222", "two");
  const absl::Status status = board_.FindSweep("abc").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("abcd2222, abce2222"));
}

TEST_F(StatusBoardTest, AnAmbiguousNameNamesTheSweeps) {
  Create("abcd2222", "digits");
  Create("xyzz2222", "digits");
  EXPECT_TRUE(absl::IsFailedPrecondition(board_.FindSweep("digits").status()));
}

TEST_F(StatusBoardTest, AnExactIdWinsOverANameAndANameOverAPrefix) {
  Create("abcd2222", "first");
  Create("xyzz2222", "abcd2222");
  Create("zzzz2222", "abc");
  EXPECT_EQ(*board_.FindSweep("abcd2222"), "abcd2222");
  EXPECT_EQ(*board_.FindSweep("abc"), "zzzz2222");
}

TEST_F(StatusBoardTest, ADeletedSweepIsGone) {
  Create("abcd2222", "digits");
  Do(core::CancelSweep{.id = "abcd2222"});
  Do(core::DeleteSweep{.id = "abcd2222"});
  EXPECT_TRUE(absl::IsNotFound(board_.FindSweep("digits").status()));
  EXPECT_THAT(board_.ListSweeps({}, {}, 10).sweeps, SizeIs(0));
}

TEST_F(StatusBoardTest, SweepsAreListedNewestFirstInPages) {
  for (const char* id : {"cccc", "aaaa", "bbbb"}) Create(id, std::string("sweep-") + id);
  const StatusBoard::SweepPage first = board_.ListSweeps({}, {}, 2);
  EXPECT_THAT(Ids(first), ElementsAre("bbbb", "aaaa"));
  ASSERT_TRUE(first.next);
  const StatusBoard::SweepPage second = board_.ListSweeps(first.next, {}, 2);
  EXPECT_THAT(Ids(second), ElementsAre("cccc"));
  EXPECT_FALSE(second.next);
}

TEST_F(StatusBoardTest, SweepsAreListedByState) {
  Create("aaaa", "one");
  Create("bbbb", "two");
  Do(core::PauseSweep{.id = "aaaa"});
  EXPECT_THAT(Ids(board_.ListSweeps({}, {v1::SWEEP_STATE_PAUSED}, 10)), ElementsAre("aaaa"));
}

TEST_F(StatusBoardTest, AChangeRaisesTheRevision) {
  Create("aaaa", "one");
  const uint64_t before = board_.GetSweep("aaaa")->revision();
  Do(core::PauseSweep{.id = "aaaa"});
  EXPECT_GT(board_.GetSweep("aaaa")->revision(), before);
}

TEST_F(StatusBoardTest, AWaiterIsAnsweredByAChange) {
  Create("aaaa", "one");
  Sweeps sweep = Wait("aaaa", board_.GetSweep("aaaa")->revision(), seconds(60));
  EXPECT_FALSE(IsReady(sweep));
  Do(core::PauseSweep{.id = "aaaa"});
  EXPECT_EQ(sweep.get()->state(), v1::SWEEP_STATE_PAUSED);
}

TEST_F(StatusBoardTest, AnOldRevisionIsAnsweredAtOnce) {
  Create("aaaa", "one");
  EXPECT_TRUE(IsReady(Wait("aaaa", 1, seconds(60))));
}

TEST_F(StatusBoardTest, AWaiterIsAnsweredWhenItsTimeIsOver) {
  Create("aaaa", "one");
  const uint64_t revision = board_.GetSweep("aaaa")->revision();
  Sweeps sweep = Wait("aaaa", revision, seconds(10));
  clock_.Pass(seconds(9), 1);
  EXPECT_FALSE(IsReady(sweep));
  clock_.Pass(seconds(2), 1);
  EXPECT_EQ(sweep.get()->revision(), revision);
}

TEST_F(StatusBoardTest, AWaiterOnADeletedSweepIsTold) {
  Create("aaaa", "one");
  Do(core::CancelSweep{.id = "aaaa"});
  Sweeps sweep = Wait("aaaa", board_.GetSweep("aaaa")->revision(), seconds(60));
  Do(core::DeleteSweep{.id = "aaaa"});
  EXPECT_TRUE(absl::IsNotFound(sweep.get().status()));
}

TEST_F(StatusBoardTest, ACancelledWaiterIsAnsweredOnce) {
  Create("aaaa", "one");
  uint64_t number = 0;
  Sweeps sweep = Wait("aaaa", board_.GetSweep("aaaa")->revision(), seconds(60), &number);
  board_.CancelWait(number);
  EXPECT_TRUE(absl::IsCancelled(sweep.get().status()));
  Do(core::PauseSweep{.id = "aaaa"});
  clock_.AwaitIdle(1);
}

TEST_F(StatusBoardTest, EndingTheWaitsAnswersAllAndLetsNoneWait) {
  Create("aaaa", "one");
  const uint64_t revision = board_.GetSweep("aaaa")->revision();
  Sweeps sweep = Wait("aaaa", revision, seconds(60));
  board_.EndWaits();
  EXPECT_TRUE(sweep.get().ok());
  EXPECT_TRUE(IsReady(Wait("aaaa", revision, seconds(60))));
}

TEST_F(StatusBoardTest, ASweepSaysWhatItWaitsForUntilItComes) {
  Create("aaaa", "one");
  EXPECT_THAT(board_.GetSweep("aaaa")->waiting(), HasSubstr("no worker is connected"));
  const uint64_t revision = board_.GetSweep("aaaa")->revision();
  Register("w-1", "worker");
  EXPECT_EQ(board_.GetSweep("aaaa")->waiting(), "");
  EXPECT_GT(board_.GetSweep("aaaa")->revision(), revision);
}

TEST_F(StatusBoardTest, AWorkerIsFoundByIdPrefixAndName) {
  Register("w-aaaa", "one");
  Register("w-bbbb", "two");
  EXPECT_EQ(*board_.FindWorker("w-aaaa"), "w-aaaa");
  EXPECT_EQ(*board_.FindWorker("w-b"), "w-bbbb");
  EXPECT_EQ(*board_.FindWorker("two"), "w-bbbb");
  EXPECT_TRUE(absl::IsFailedPrecondition(board_.FindWorker("w-").status()));
  EXPECT_TRUE(absl::IsNotFound(board_.FindWorker("three").status()));
}

TEST_F(StatusBoardTest, SilenceCountsFromTheLastHeartbeat) {
  Register("w-aaaa", "one");
  scheduler_.Advance(10);
  clock_.Jump(scheduler_.now().mono - clock_.Read().mono);
  EXPECT_EQ(board_.GetWorker("w-aaaa")->silence().seconds(), 10);
  Do(core::LeaseTrials{.worker = "w-aaaa", .max_trials = 1, .request_id = ""});
  EXPECT_EQ(board_.GetWorker("w-aaaa")->silence().seconds(), 0);
}

TEST_F(StatusBoardTest, WorkersAreListedInPages) {
  for (const char* id : {"w-b", "w-a", "w-c"}) Register(id, id);
  const StatusBoard::WorkerPage first = board_.ListWorkers("", 2);
  ASSERT_THAT(first.workers, SizeIs(2));
  ASSERT_TRUE(first.next);
  const StatusBoard::WorkerPage second = board_.ListWorkers(*first.next, 2);
  ASSERT_THAT(second.workers, SizeIs(1));
  EXPECT_EQ(second.workers[0].id(), "w-c");
  EXPECT_FALSE(second.next);
}

}  // namespace
}  // namespace basin::server::runtime
