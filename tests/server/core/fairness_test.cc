// How sweeps share the slots over many leases, while trials begin and end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using tests::Scheduler;
using tests::SweepBuilder;

// A worker whose slots are always full: each turn ends its oldest trial and takes one for the free slot.
class FairnessTest : public ::testing::Test {
 protected:
  void RegisterWorker(uint32_t slots) {
    scheduler_.Register("w", slots);
    Take(slots);
  }
  void Take(uint32_t trials) {
    for (const LeaseReply::Lease& lease : scheduler_.Lease("w", trials)) {
      ++leased_[lease.key.sweep];
      held_.push_back(lease);
    }
  }
  void Turn() {
    const LeaseReply::Lease oldest = held_.front();
    held_.pop_front();
    scheduler_.Succeed("w", oldest.key, oldest.attempt);
    scheduler_.Commit();
    Take(1);
  }
  void Turns(int turns) {
    for (int i = 0; i < turns; ++i) Turn();
  }
  uint64_t Running(const SweepId& id) const { return scheduler_.sweep(id).counts.running; }

  Scheduler scheduler_;
  std::deque<LeaseReply::Lease> held_;
  std::map<SweepId, uint64_t> leased_;
};

TEST_F(FairnessTest, EqualsGetEqualSharesOverManyLeases) {
  for (const char* id : {"a", "b", "c"}) scheduler_.Create(id, SweepBuilder().Configs(10000).Build());
  RegisterWorker(6);
  Turns(3000);
  for (const char* id : {"a", "b", "c"}) EXPECT_THAT(leased_[id], AllOf(Ge(1000u), Le(1004u))) << id;
}

TEST_F(FairnessTest, NoEqualWaitsLongerThanOneRoundOnASingleSlot) {
  for (int i = 0; i < 20; ++i) scheduler_.Create("s" + std::to_string(i), SweepBuilder().Configs(1000).Build());
  RegisterWorker(1);
  for (int round = 1; round <= 10; ++round) {
    Turns(20);
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(leased_["s" + std::to_string(i)], AllOf(Ge(static_cast<uint64_t>(round)), Le(round + 1u))) << i;
    }
  }
}

TEST_F(FairnessTest, ALateComerGetsItsShareAtOnceAndNotMore) {
  scheduler_.Create("early", SweepBuilder().Configs(10000).Build());
  RegisterWorker(4);
  Turns(500);
  scheduler_.Create("late", SweepBuilder().Configs(10000).Build());
  Turns(4);
  EXPECT_EQ(Running("late"), 2u);
  Turns(100);
  EXPECT_EQ(Running("early"), 2u);
  EXPECT_EQ(Running("late"), 2u);
}

TEST_F(FairnessTest, AHigherPriorityTakesEverySlotThatGetsFreeUntilItHasNoMore) {
  scheduler_.Create("low", SweepBuilder().Configs(1000).Build());
  RegisterWorker(4);
  scheduler_.Create("high", SweepBuilder().Configs(12).Priority(1).Build());
  Turns(4);
  EXPECT_EQ(Running("high"), 4u);
  const uint64_t low = leased_["low"];
  Turns(8);
  EXPECT_EQ(leased_["high"], 12u);
  EXPECT_EQ(leased_["low"], low);
  Turns(4);
  EXPECT_EQ(leased_["low"], low + 4);
}

TEST_F(FairnessTest, WhatMaxParallelLeavesGoesToTheOthers) {
  scheduler_.Create("bounded", SweepBuilder().Configs(1000).MaxParallel(1).Priority(5).Build());
  scheduler_.Create("open", SweepBuilder().Configs(1000).Build());
  RegisterWorker(8);
  for (int i = 0; i < 200; ++i) {
    Turn();
    ASSERT_EQ(Running("bounded"), 1u) << i;
    ASSERT_EQ(Running("open"), 7u) << i;
  }
}

TEST_F(FairnessTest, ASweepWithNothingForTheWorkerDoesNotKeepItsShare) {
  scheduler_.Create("elsewhere", SweepBuilder().Configs(1000).Dataset("mnist").Build());
  scheduler_.Create("here", SweepBuilder().Configs(1000).Build());
  RegisterWorker(4);
  Turns(100);
  EXPECT_EQ(Running("here"), 4u);
}

}  // namespace
}  // namespace basin::server::core
