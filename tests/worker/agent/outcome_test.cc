#include "worker/agent/outcome.h"

#include "gtest/gtest.h"

namespace basin::worker::agent {
namespace {

v1::TrialOutcome OutcomeOf(job::JobResult result) {
  return ToOutcome(result, "engine", std::chrono::milliseconds(2500));
}

TEST(OutcomeTest, CarriesDigestsFingerprintAndDuration) {
  const auto outcome = OutcomeOf({job::JobOutcome::kSucceeded, "", "weights", "data"});
  EXPECT_EQ(outcome.kind(), v1::TrialOutcome::KIND_SUCCEEDED);
  EXPECT_EQ(outcome.weights_digest(), "weights");
  EXPECT_EQ(outcome.data_digest(), "data");
  EXPECT_EQ(outcome.engine_fingerprint(), "engine");
  EXPECT_EQ(outcome.duration().seconds(), 2);
  EXPECT_EQ(outcome.duration().nanos(), 500'000'000);
}

TEST(OutcomeTest, AStoppedJobIsHandedBack) {
  EXPECT_EQ(OutcomeOf({job::JobOutcome::kStopped, "", "", ""}).kind(), v1::TrialOutcome::KIND_RELEASED);
}

TEST(OutcomeTest, BytesThatAreNotUtf8BecomeQuestionMarks) {
  const auto outcome = OutcomeOf({job::JobOutcome::kError, "file \xff\xc3 caf\xc3\xa9 \xed\xa0\x80", "", ""});
  EXPECT_EQ(outcome.message(), "file ?? caf\xc3\xa9 ???");
}

TEST(OutcomeTest, ALongMessageIsCutBetweenCharacters) {
  std::string long_message(4095, 'x');
  long_message += "\xc3\xa9";
  EXPECT_EQ(OutcomeOf({job::JobOutcome::kError, long_message, "", ""}).message(), std::string(4095, 'x'));
}

}  // namespace
}  // namespace basin::worker::agent
