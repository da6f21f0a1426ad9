#include "worker/agent/held_trials.h"

#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::worker::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = HeldTrials::Change::Kind;
using Result = v1::TrialReportResult;

const AttemptKey kTrial{"sweep", 3, 1};
const AttemptKey kOther{"sweep", 4, 1};
constexpr MonoTime kStart = std::chrono::hours(1);

class HeldTrialsTest : public testing::Test {
 protected:
  HeldTrials held_{ReportingRules{.heartbeat = seconds(10), .point_delay = milliseconds(100)}};
  MonoTime now_ = kStart;
  double next_value_ = 0;

  void SetUp() override {
    held_.Add(kTrial, now_);
    Exchange();  // Heartbeats count from here.
  }

  std::vector<v1::MetricPoint> Points(int count, size_t name_bytes = 8) {
    std::vector<v1::MetricPoint> points(count);
    for (v1::MetricPoint& point : points) {
      point.set_name(std::string(name_bytes, 'm'));
      point.set_value(next_value_++);
    }
    return points;
  }
  bool Append(const AttemptKey& key, int count) { return held_.Append(key, Points(count), now_); }
  static v1::TrialOutcome Outcome(v1::TrialOutcome::Kind kind = v1::TrialOutcome::KIND_SUCCEEDED) {
    v1::TrialOutcome outcome;
    outcome.set_kind(kind);
    return outcome;
  }
  // An answer that accepts everything, as the server gives.
  static v1::ReportResponse Accept(const v1::ReportRequest& request) {
    v1::ReportResponse answer;
    for (const auto& trial : request.trials()) {
      Result& result = *answer.add_results();
      result.set_directive(Result::DIRECTIVE_CONTINUE);
      result.set_next_sequence(trial.first_sequence() + trial.points_size());
    }
    return answer;
  }
  std::vector<HeldTrials::Change> Take(const v1::ReportRequest& request, const v1::ReportResponse& answer) {
    auto changes = held_.TakeAnswer(request, now_, answer, now_);
    EXPECT_TRUE(changes.ok()) << changes.status();
    return changes.ok() ? *changes : std::vector<HeldTrials::Change>{};
  }
  // Sends what is next, and has it accepted.
  v1::ReportRequest Exchange() {
    auto request = held_.NextReport(now_);
    Take(request, Accept(request));
    return request;
  }
  // Sends what is next, and has the first trial answered so.
  std::vector<HeldTrials::Change> Refuse(Result::Directive directive, absl::StatusCode code, uint64_t next_sequence) {
    const auto request = held_.NextReport(now_);
    auto answer = Accept(request);
    answer.mutable_results(0)->set_directive(directive);
    answer.mutable_results(0)->set_code(static_cast<int>(code));
    answer.mutable_results(0)->set_next_sequence(next_sequence);
    answer.mutable_results(0)->set_message("why");
    return Take(request, answer);
  }
  static std::vector<double> Values(const v1::TrialReport& report) {
    std::vector<double> values;
    for (const auto& point : report.points()) values.push_back(point.value());
    return values;
  }
};

TEST_F(HeldTrialsTest, AnAttemptIsHeldOnce) {
  EXPECT_FALSE(held_.Add(kTrial, now_).added);
  EXPECT_EQ(held_.size(), 1);
}

TEST_F(HeldTrialsTest, ALaterAttemptTakesThePlaceOfAnOlderOne) {
  const AttemptKey later{kTrial.sweep_id, kTrial.index, kTrial.attempt + 1};
  const auto added = held_.Add(later, now_);
  EXPECT_TRUE(added.added);
  EXPECT_EQ(added.superseded, kTrial);
  EXPECT_FALSE(held_.Holds(kTrial));
  EXPECT_FALSE(held_.Add(kTrial, now_).added);
  EXPECT_TRUE(held_.Holds(later));
}

TEST_F(HeldTrialsTest, AnOtherTrialTakesNoPlace) {
  EXPECT_FALSE(held_.Add(kOther, now_).superseded);
  EXPECT_FALSE(held_.Add({"another", kTrial.index, kTrial.attempt}, now_).superseded);
  EXPECT_EQ(held_.size(), 3);
}

TEST_F(HeldTrialsTest, HandingBackTwiceIsHandingBack) {
  held_.Finish(kTrial, Outcome(v1::TrialOutcome::KIND_RELEASED), now_);
  const auto changes = Refuse(Result::DIRECTIVE_LOST, absl::StatusCode::kAborted, 0);
  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0].kind, Kind::kAccepted);
}

TEST_F(HeldTrialsTest, AHeartbeatIsDueBeforeItsIntervalEnds) {
  EXPECT_GT(held_.NextDue(), now_);
  EXPECT_LT(held_.NextDue(), now_ + seconds(10));
  now_ = held_.NextDue();
  const auto request = Exchange();
  ASSERT_EQ(request.trials_size(), 1);
  EXPECT_EQ(request.trials(0).index(), kTrial.index);
  EXPECT_GT(held_.NextDue(), now_ + seconds(5));
}

TEST_F(HeldTrialsTest, AnIdleWorkerIsHeardOfToo) {
  HeldTrials idle{ReportingRules{.heartbeat = seconds(10)}};
  const auto request = idle.NextReport(now_);
  EXPECT_EQ(request.trials_size(), 0);
  ASSERT_TRUE(idle.TakeAnswer(request, now_, {}, now_).ok());
  EXPECT_EQ(idle.NextDue(), now_ + milliseconds(7500));
}

TEST_F(HeldTrialsTest, PointsWaitShortlyForOthers) {
  Append(kTrial, 1);
  EXPECT_EQ(held_.NextDue(), now_ + milliseconds(100));
  now_ += milliseconds(60);
  Append(kTrial, 1);
  EXPECT_EQ(held_.NextDue(), now_ + milliseconds(40));
}

TEST_F(HeldTrialsTest, OutcomesDoNotWait) {
  held_.Finish(kTrial, Outcome(), now_);
  EXPECT_EQ(held_.NextDue(), now_);
}

TEST_F(HeldTrialsTest, PointsAreNumberedFromZeroThroughTheAttempt) {
  Append(kTrial, 2);
  const auto first = Exchange();
  Append(kTrial, 3);
  const auto second = Exchange();
  EXPECT_EQ(first.trials(0).first_sequence(), 0);
  EXPECT_EQ(second.trials(0).first_sequence(), 2);
  EXPECT_THAT(Values(second.trials(0)), ElementsAre(2, 3, 4));
}

TEST_F(HeldTrialsTest, WhatWasNotAnsweredIsSaidAgain) {
  Append(kTrial, 2);
  held_.NextReport(now_);  // Lost.
  Append(kTrial, 1);
  const auto request = held_.NextReport(now_);
  EXPECT_EQ(request.trials(0).first_sequence(), 0);
  EXPECT_THAT(Values(request.trials(0)), ElementsAre(0, 1, 2));
}

TEST_F(HeldTrialsTest, PointsThatCameDuringACallAreKept) {
  Append(kTrial, 2);
  const auto request = held_.NextReport(now_);
  Append(kTrial, 1);
  Take(request, Accept(request));
  EXPECT_THAT(Values(held_.NextReport(now_).trials(0)), ElementsAre(2));
}

TEST_F(HeldTrialsTest, AnOutcomeThatCameDuringACallIsSaidInTheNext) {
  Append(kTrial, 1);
  const auto request = held_.NextReport(now_);
  held_.Finish(kTrial, Outcome(), now_);
  EXPECT_THAT(Take(request, Accept(request)), IsEmpty());
  EXPECT_EQ(held_.NextDue(), now_);
  EXPECT_TRUE(held_.NextReport(now_).trials(0).has_outcome());
}

TEST_F(HeldTrialsTest, AnAcceptedOutcomeEndsTheLease) {
  Append(kTrial, 1);
  held_.Finish(kTrial, Outcome(), now_);
  const auto request = held_.NextReport(now_);
  const auto changes = Take(request, Accept(request));
  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0].kind, Kind::kAccepted);
  EXPECT_FALSE(held_.Holds(kTrial));
}

TEST_F(HeldTrialsTest, ADuplicateAnswerChangesNothing) {
  held_.Finish(kTrial, Outcome(), now_);
  const auto request = held_.NextReport(now_);
  Take(request, Accept(request));
  EXPECT_THAT(Take(request, Accept(request)), IsEmpty());
}

TEST_F(HeldTrialsTest, TheFirstOutcomeStays) {
  held_.Finish(kTrial, Outcome(), now_);
  held_.Finish(kTrial, Outcome(v1::TrialOutcome::KIND_RELEASED), now_);
  EXPECT_EQ(held_.NextReport(now_).trials(0).outcome().kind(), v1::TrialOutcome::KIND_SUCCEEDED);
}

struct Ending {
  const char* name;
  Result::Directive directive;
  absl::StatusCode code;
  Kind kind;
};
class HeldTrialsEndingTest : public HeldTrialsTest, public testing::WithParamInterface<Ending> {};

TEST_P(HeldTrialsEndingTest, DropsTheTrialAndItsPoints) {
  Append(kTrial, 5);
  const auto changes = Refuse(GetParam().directive, GetParam().code, 0);
  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0].key, kTrial);
  EXPECT_EQ(changes[0].kind, GetParam().kind);
  EXPECT_EQ(changes[0].message, "why");
  EXPECT_FALSE(held_.Holds(kTrial));
  EXPECT_FALSE(Append(kTrial, 1));
  EXPECT_FALSE(held_.Finish(kTrial, Outcome(), now_));
}

INSTANTIATE_TEST_SUITE_P(
    All, HeldTrialsEndingTest,
    testing::Values(Ending{"Stop", Result::DIRECTIVE_STOP, absl::StatusCode::kOk, Kind::kStopped},
                    Ending{"Lost", Result::DIRECTIVE_LOST, absl::StatusCode::kAborted, Kind::kLost},
                    Ending{"AbortedAlone", Result::DIRECTIVE_UNSPECIFIED, absl::StatusCode::kAborted, Kind::kLost},
                    Ending{"AnotherOutcome", Result::DIRECTIVE_CONTINUE, absl::StatusCode::kAlreadyExists,
                           Kind::kLost}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(HeldTrialsTest, OneTrialsEndTouchesNoOther) {
  held_.Add(kOther, now_);
  Append(kTrial, 1);
  Append(kOther, 1);
  const auto request = held_.NextReport(now_);
  auto answer = Accept(request);
  answer.mutable_results(0)->set_directive(Result::DIRECTIVE_LOST);
  Take(request, answer);
  EXPECT_FALSE(held_.Holds(kTrial));
  EXPECT_TRUE(held_.Holds(kOther));
}

TEST_F(HeldTrialsTest, AfterAGapItGoesOnWhereTheServerIs) {
  Append(kTrial, 4);
  EXPECT_THAT(Refuse(Result::DIRECTIVE_CONTINUE, absl::StatusCode::kOutOfRange, 2), IsEmpty());
  const auto request = held_.NextReport(now_);
  EXPECT_EQ(request.trials(0).first_sequence(), 2);
  EXPECT_THAT(Values(request.trials(0)), ElementsAre(2, 3));
}

TEST_F(HeldTrialsTest, AGapThatCannotBeFilledEndsTheAttemptAsAnError) {
  Append(kTrial, 4);
  Exchange();
  Append(kTrial, 1);
  const auto changes = Refuse(Result::DIRECTIVE_CONTINUE, absl::StatusCode::kOutOfRange, 1);
  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0].kind, Kind::kRefused);
  const auto request = held_.NextReport(now_);
  EXPECT_EQ(request.trials(0).first_sequence(), 1);
  EXPECT_EQ(request.trials(0).points_size(), 0);
  EXPECT_EQ(request.trials(0).outcome().kind(), v1::TrialOutcome::KIND_ERROR);
}

TEST_F(HeldTrialsTest, SuccessWithoutTheObjectiveBecomesInvalid) {
  held_.Finish(kTrial, Outcome(), now_);
  const auto changes = Refuse(Result::DIRECTIVE_CONTINUE, absl::StatusCode::kFailedPrecondition, 0);
  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0].kind, Kind::kRefused);
  EXPECT_EQ(held_.NextDue(), now_);
  EXPECT_EQ(held_.NextReport(now_).trials(0).outcome().kind(), v1::TrialOutcome::KIND_INVALID);
}

TEST_F(HeldTrialsTest, ASecondRefusalDropsTheTrial) {
  Append(kTrial, 1);
  Refuse(Result::DIRECTIVE_CONTINUE, absl::StatusCode::kInvalidArgument, 0);
  const auto changes = Refuse(Result::DIRECTIVE_CONTINUE, absl::StatusCode::kInvalidArgument, 0);
  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0].kind, Kind::kLost);
  EXPECT_EQ(held_.size(), 0);
}

TEST_F(HeldTrialsTest, AnAnswerOfAnotherLengthIsNone) {
  Append(kTrial, 1);
  const auto request = held_.NextReport(now_);
  EXPECT_EQ(held_.TakeAnswer(request, now_, {}, now_).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(held_.NextReport(now_).trials(0).points_size(), 1);
}

TEST_F(HeldTrialsTest, ACallStaysBelowTheMessageLimitAndEverythingArrivesInOrder) {
  held_.Add(kOther, now_);
  held_.Append(kTrial, Points(3000, 1000), now_);
  held_.Append(kOther, Points(3000, 1000), now_);
  held_.Finish(kTrial, Outcome(), now_);
  held_.Finish(kOther, Outcome(), now_);
  std::map<uint64_t, uint64_t> received;
  int calls = 0;
  for (; held_.size() > 0 && calls < 10; ++calls) {
    EXPECT_EQ(held_.NextDue(), now_);
    const auto request = Exchange();
    EXPECT_LT(request.ByteSizeLong(), size_t{4} << 20);
    for (const auto& trial : request.trials()) {
      EXPECT_EQ(trial.first_sequence(), received[trial.index()]);
      received[trial.index()] += trial.points_size();
      if (trial.has_outcome()) {
        EXPECT_EQ(received[trial.index()], 3000);
      }
    }
  }
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(held_.size(), 0);
}

TEST_F(HeldTrialsTest, TrialsBeyondACallsNumberComeInTheNext) {
  HeldTrials held{ReportingRules{.heartbeat = seconds(10), .max_call_trials = 2}};
  for (uint64_t i = 0; i < 5; ++i) held.Add({"sweep", i, 1}, now_);
  std::set<uint64_t> named;
  for (int call = 0; call < 3; ++call) {
    now_ += seconds(8);
    const auto request = held.NextReport(now_);
    EXPECT_LE(request.trials_size(), 2);
    for (const auto& trial : request.trials()) named.insert(trial.index());
    ASSERT_TRUE(held.TakeAnswer(request, now_, Accept(request), now_).ok());
  }
  EXPECT_EQ(named.size(), 5);
}

TEST_F(HeldTrialsTest, RoomComesBackWhenPointsAreConfirmed) {
  HeldTrials held{ReportingRules{.max_buffered_bytes = 1000}};
  held.Add(kTrial, now_);
  held.Append(kTrial, Points(100), now_);
  EXPECT_FALSE(held.HasRoom());
  const auto request = held.NextReport(now_);
  ASSERT_TRUE(held.TakeAnswer(request, now_, Accept(request), now_).ok());
  EXPECT_TRUE(held.HasRoom());
}

TEST_F(HeldTrialsTest, RoomComesBackWhenATrialIsLost) {
  HeldTrials held{ReportingRules{.max_buffered_bytes = 1000}};
  held.Add(kTrial, now_);
  held.Append(kTrial, Points(100), now_);
  const auto request = held.NextReport(now_);
  auto answer = Accept(request);
  answer.mutable_results(0)->set_directive(Result::DIRECTIVE_LOST);
  ASSERT_TRUE(held.TakeAnswer(request, now_, answer, now_).ok());
  EXPECT_TRUE(held.HasRoom());
}

}  // namespace
}  // namespace basin::worker::agent
