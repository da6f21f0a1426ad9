#include "client/claims/verdict.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "tests/client/claims/small_claim.h"

namespace basin::client::claims {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Lower(const std::string& of, const std::string& against) {
  return "{says: a, of: {" + of + "}, against: {" + against + "}, expect: lower}";
}
const char kSixteen[] = "batch_size: 16, learning_rate: 0.1";
const char kFull[] = "batch_size: full, learning_rate: 0.1";

// Config 0 (16) has the seed's value, config 2 (full) that and `more` of the seed.
SweepResults Apart(const Claim& claim, const std::function<double(uint64_t seed)>& more,
                   const std::string& metric = "val_loss") {
  return ResultsOf(claim, metric, [&](uint64_t config, uint64_t seed) {
    return 10.0 * static_cast<double>(seed + 1) + (config == 2 ? more(seed) : 0.0);
  });
}

// 1 on the average, with a standard deviation of 1.0954: t is 2.236, beyond which in six seeds is 7.6%.
double Unclear(uint64_t seed) { return seed % 2 == 0 ? 0.0 : 2.0; }
// 1 on the average, with a standard deviation of 0.7667: t is 3.195, beyond which are 2.4%.
double Fairly(uint64_t seed) { return seed % 2 == 0 ? 0.3 : 1.7; }
double Clearly(uint64_t seed) { return seed % 2 == 0 ? 0.9 : 1.1; }

ClaimResult EvaluateOne(const Claim& claim, const SweepResults& results) { return Evaluate(claim, {&results}); }

TEST(JudgeTest, AnIntervalWithZeroInItTellsNothingApart) {
  for (const auto kind : {Expectation::Kind::kLower, Expectation::Kind::kHigher}) {
    EXPECT_EQ(Judge({kind, 0}, {1, -1, 3}, true), Outcome::kNotToldApart);
    EXPECT_EQ(Judge({kind, 0}, {0, 0, 0}, true), Outcome::kNotToldApart);
  }
}

TEST(JudgeTest, TheSideOfZeroDecides) {
  EXPECT_EQ(Judge({Expectation::Kind::kLower, 0}, {-2, -3, -1}, true), Outcome::kHolds);
  EXPECT_EQ(Judge({Expectation::Kind::kLower, 0}, {2, 1, 3}, true), Outcome::kOpposite);
  EXPECT_EQ(Judge({Expectation::Kind::kHigher, 0}, {2, 1, 3}, true), Outcome::kHolds);
  EXPECT_EQ(Judge({Expectation::Kind::kHigher, 0}, {-2, -3, -1}, true), Outcome::kOpposite);
}

TEST(JudgeTest, NoWorseIsByTheMarginAndTheMetricsDirection) {
  const Expectation within{Expectation::Kind::kNoWorse, 0.5};
  EXPECT_EQ(Judge(within, {0.2, 0, 0.4}, true), Outcome::kHolds);
  EXPECT_EQ(Judge(within, {0.2, -0.2, 0.6}, true), Outcome::kNotToldApart);
  EXPECT_EQ(Judge(within, {0.5, 0.3, 0.7}, true), Outcome::kNotToldApart);
  EXPECT_EQ(Judge(within, {0.8, 0.6, 1}, true), Outcome::kOpposite);
  // Of an accuracy.
  EXPECT_EQ(Judge(within, {0.8, 0.6, 1}, false), Outcome::kHolds);
  EXPECT_EQ(Judge(within, {-0.5, -0.7, -0.3}, false), Outcome::kNotToldApart);
  EXPECT_EQ(Judge(within, {-0.8, -1, -0.6}, false), Outcome::kOpposite);
}

TEST(EvaluateTest, SeedsArePaired) {
  // The seeds lie ten times further apart than the sides.
  const Claim claim = ClaimOf({Lower(kSixteen, kFull)});
  const ClaimResult result = EvaluateOne(claim, Apart(claim, Fairly));
  EXPECT_EQ(result.verdict, Verdict::kHolds);
  ASSERT_TRUE(result.tests[0].estimate);
  EXPECT_NEAR(result.tests[0].estimate->value, -1, 1e-12);
  EXPECT_NEAR(result.tests[0].estimate->low, -1 - 2.570582 * 0.7 * std::sqrt(1.2) / std::sqrt(6), 1e-6);
  EXPECT_EQ(result.tests[0].pairs, 6u);
  EXPECT_THAT(result.tests[0].finding,
              AllOf(HasSubstr("val_loss 35 with batch_size=16, 36 with batch_size=full; difference -1 ("),
                    HasSubstr("), 6 seeds")));
}

TEST(EvaluateTest, TheOppositeAndTheUnclearAreNotHere) {
  const Claim claim = ClaimOf({Lower(kFull, kSixteen)});
  const ClaimResult opposite = EvaluateOne(claim, Apart(claim, Fairly));
  EXPECT_EQ(opposite.tests[0].outcome, Outcome::kOpposite);
  EXPECT_EQ(opposite.verdict, Verdict::kNotHere);
  const ClaimResult unclear = EvaluateOne(claim, Apart(claim, Unclear));
  EXPECT_EQ(unclear.tests[0].outcome, Outcome::kNotToldApart);
  EXPECT_EQ(unclear.verdict, Verdict::kNotHere);
}

TEST(EvaluateTest, SomeTestsMakeItInPart) {
  const Claim claim = ClaimOf({Lower(kSixteen, kFull), Lower(kFull, kSixteen)});
  const ClaimResult result = EvaluateOne(claim, Apart(claim, Clearly));
  EXPECT_EQ(result.tests[0].outcome, Outcome::kHolds);
  EXPECT_EQ(result.tests[1].outcome, Outcome::kOpposite);
  EXPECT_EQ(result.verdict, Verdict::kInPart);
}

TEST(EvaluateTest, SeveralTestsAreCorrectedForTheirNumber) {
  const std::string test = Lower(kSixteen, kFull);
  const Claim one = ClaimOf({test}), three = ClaimOf({test, test, test});
  EXPECT_EQ(EvaluateOne(one, Apart(one, Fairly)).verdict, Verdict::kHolds);
  const ClaimResult corrected = EvaluateOne(three, Apart(three, Fairly));
  EXPECT_EQ(corrected.verdict, Verdict::kNotHere);
  EXPECT_THAT(corrected.tests[0].finding, HasSubstr("told apart alone, but not among 3 tests"));
  // The interval that is shown stays that of 95%.
  EXPECT_LT(corrected.tests[0].estimate->high, 0);
}

TEST(EvaluateTest, EachSideIsAtItsBest) {
  // Of batch 16 the rate of 0.2, of the full batch that of 0.1.
  const Claim claim = ClaimOf({Lower("batch_size: 16", "batch_size: full")});
  const SweepResults results = ResultsOf(claim, "val_loss", [](uint64_t config, uint64_t seed) {
    const double place = 0.01 * static_cast<double>(seed);
    return std::vector<double>{9, 1, 2, 9}[config] + (config == 2 ? 3 * place : place);
  });
  const ClaimResult result = EvaluateOne(claim, results);
  // Of the seeds at 1, 3 and 5.
  ASSERT_TRUE(result.tests[0].estimate);
  EXPECT_NEAR(result.tests[0].estimate->value, -1 - 0.06, 1e-12);
  EXPECT_EQ(result.tests[0].pairs, 3u);
  EXPECT_EQ(result.tests[0].chosen_by, 3u);
  EXPECT_THAT(result.tests[0].finding, HasSubstr(", 3 seeds, others than the 3 that chose the configs"));
  EXPECT_THAT(result.tests[0].finding, AllOf(HasSubstr("batch_size=16 (best with learning_rate=0.2)"),
                                             HasSubstr("batch_size=full (best with learning_rate=0.1)")));
}

// At nominal 2.5%, for lower alone. By the same seeds, the best of eight configs would be it in a tenth of cases or
// more.
TEST(EvaluateTest, TheBestOfManyEqualConfigsIsNoBetter) {
  const Claim claim = ClaimOf({Lower("batch_size: 16", kFull)}, "", "large.yaml");
  contract::RandomStream random(7, contract::RandomPurpose::kSplit, 0);
  constexpr int kSweeps = 1000;
  int holding = 0;
  for (int i = 0; i < kSweeps; ++i) {
    const SweepResults results = ResultsOf(claim, "val_loss", [&](uint64_t, uint64_t) { return random.NextNormal(); });
    holding += EvaluateOne(claim, results).verdict == Verdict::kHolds;
  }
  EXPECT_LT(holding, 0.025 * kSweeps + 4 * std::sqrt(0.025 * kSweeps));
}

TEST(EvaluateTest, SharesThatAreAllAlikeHaveAnExactInterval) {
  const Claim claim = ClaimOf({Lower(kSixteen, kFull)}, "", "large.yaml");
  const auto with = [&](double of, double against) {
    return EvaluateOne(claim, ResultsOf(claim, "val_loss",
                                        [=](uint64_t config, uint64_t) { return config == 0 ? of : against; }))
        .tests[0];
  };
  // 16 of 16: at most 20.59% others.
  const TestResult all = with(0, 1);
  EXPECT_EQ(all.outcome, Outcome::kHolds);
  EXPECT_NEAR(all.estimate->low, -1, 1e-12);
  EXPECT_NEAR(all.estimate->high, -1 + 2 * 0.20591, 1e-5);
  EXPECT_EQ(with(1, 1).outcome, Outcome::kNotToldApart);
  // No shares: nothing is known of how far others may lie.
  const TestResult equal = with(0.25, 0.5);
  EXPECT_EQ(equal.outcome, Outcome::kNotToldApart);
  EXPECT_FALSE(equal.estimate);
}

TEST(EvaluateTest, ARatioIsOfGeometricMeans) {
  const Claim claim =
      ClaimOf({"{says: a, measure: ratio, of: {learning_rate: 0.1, batch_size: 16}, against: "
               "{learning_rate: 0.2, batch_size: 16}, expect: higher}"});
  // 10 and 1000 times as much: 100 times.
  const SweepResults results = ResultsOf(claim, "val_loss", [](uint64_t config, uint64_t seed) {
    return config == 0 ? (seed % 2 == 0 ? 10.0 : 1000.0) : 1.0;
  });
  const TestResult test = EvaluateOne(claim, results).tests[0];
  EXPECT_NEAR(test.estimate->value, 100, 1e-9);
  EXPECT_EQ(test.outcome, Outcome::kHolds);
  EXPECT_THAT(test.finding, HasSubstr("ratio 100 ("));
}

TEST(EvaluateTest, TwoMetricsOfTheSameTrials) {
  const Claim claim = ClaimOf({"{says: a, metric: val_accuracy, against_metric: test_accuracy, expect: higher}"});
  SweepResults results(claim.sweeps[0], "k3f9");
  for (uint64_t index = 0; index < 24; ++index) {
    v1::Trial trial;
    trial.set_index(index);
    trial.set_state(v1::TRIAL_STATE_SUCCEEDED);
    trial.set_objective(index % 4 == 3 ? 0.1 : 1);  // Config 3 is the best.
    (*trial.mutable_metrics())["val_accuracy"] = index % 4 == 3 ? 0.9 + 0.001 * static_cast<double>(index) : 0;
    (*trial.mutable_metrics())["test_accuracy"] = 0.8;
    results.Add(trial);
  }
  const TestResult test = EvaluateOne(claim, results).tests[0];
  EXPECT_EQ(test.outcome, Outcome::kHolds);
  EXPECT_NEAR(test.estimate->value, 0.115, 1e-9) << "of the seeds at 1, 3 and 5";
}

TEST(EvaluateTest, SpreadIsTheRatioOfStandardDeviations) {
  const Claim claim = ClaimOf({"{says: a, measure: spread, of: {learning_rate: 0.1, batch_size: 16}, against: "
                               "{learning_rate: 0.2, batch_size: 16}, expect: lower}"},
                              "", "large.yaml");
  const auto with = [&](double factor) {
    return EvaluateOne(claim, ResultsOf(claim, "val_loss",
                                        [&](uint64_t config, uint64_t seed) {
                                          const double place = static_cast<double>(seed * 7 % 16);
                                          return config == 1 ? factor * place : place;
                                        }))
        .tests[0];
  };
  const TestResult narrower = with(100);
  EXPECT_NEAR(narrower.estimate->value, 0.01, 1e-12);
  EXPECT_EQ(narrower.outcome, Outcome::kHolds);
  EXPECT_EQ(with(0.01).outcome, Outcome::kOpposite);
  EXPECT_EQ(with(1).outcome, Outcome::kNotToldApart);
}

TEST(EvaluateTest, RankCorrelationIsOverAllTrials) {
  const Claim claim =
      ClaimOf({"{says: a, measure: rank_correlation, metric: train_loss, against_metric: test_loss, expect: higher}"},
              "", "large.yaml");
  const auto with = [&](double sign) {
    SweepResults results(claim.sweeps[0], "k3f9");
    for (uint64_t index = 0; index < 256; ++index) {
      v1::Trial trial;
      trial.set_index(index);
      trial.set_state(v1::TRIAL_STATE_SUCCEEDED);
      (*trial.mutable_metrics())["train_loss"] = static_cast<double>(index);
      (*trial.mutable_metrics())["test_loss"] = sign * std::exp(static_cast<double>(index) / 10);
      results.Add(trial);
    }
    return EvaluateOne(claim, results).tests[0];
  };
  EXPECT_EQ(with(1).outcome, Outcome::kHolds);
  EXPECT_EQ(with(1).pairs, 256u);
  EXPECT_NEAR(with(1).estimate->value, 1, 1e-12);
  EXPECT_EQ(with(-1).outcome, Outcome::kOpposite);
}

TEST(EvaluateTest, SeedsWithoutAValueAreSaid) {
  const Claim claim = ClaimOf({Lower(kSixteen, kFull)});
  const TestResult test =
      EvaluateOne(claim, Apart(claim, [](uint64_t seed) { return seed == 0 ? std::nan("") : Clearly(seed); })).tests[0];
  EXPECT_EQ(test.pairs, 5u);
  EXPECT_EQ(test.left_out, 1u);
  EXPECT_THAT(test.finding, HasSubstr("1 seed without a value on both sides left out"));
}

TEST(EvaluateTest, WithoutValuesNothingIsToldApart) {
  const Claim claim = ClaimOf({Lower(kSixteen, kFull)});
  const TestResult test = EvaluateOne(claim, SweepResults(claim.sweeps[0], "k3f9")).tests[0];
  EXPECT_EQ(test.outcome, Outcome::kNotToldApart);
  EXPECT_FALSE(test.estimate);
  EXPECT_THAT(test.finding, AllOf(HasSubstr("too few values"), Not(HasSubstr("nan"))));
}

}  // namespace
}  // namespace basin::client::claims
