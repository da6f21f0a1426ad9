#include "client/claims/claims_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/claims/small_claim.h"

namespace basin::client::claims {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Mistake(const std::string& text) { return std::string(Parse(text).status().message()); }

// A whole file but for the test in line 6.
std::string WithTest(const std::string& test) {
  return "claims:\n  - number: 1\n    claim: It is so.\n    sweeps: [small.yaml]\n    tests:\n      - " + test + "\n";
}

TEST(ClaimsFileTest, ReadsAComparison) {
  const auto claims =
      Parse(WithTest("{says: a, metric: test_loss, measure: ratio, of: {batch_size: 16}, "
                     "against: {batch_size: full, learning_rate: 2e-1}, expect: higher}"));
  ASSERT_TRUE(claims.ok()) << claims.status();
  ASSERT_THAT(*claims, SizeIs(1));
  ASSERT_THAT(claims->front().tests, SizeIs(1));
  const claims::Test& test = claims->front().tests[0];
  EXPECT_EQ(test.metric, "test_loss");
  EXPECT_EQ(test.measure, Measure::kRatio);
  EXPECT_EQ(test.expect.kind, Expectation::Kind::kHigher);
  ASSERT_THAT(test.against.conditions, SizeIs(2));
  EXPECT_EQ(test.against.conditions[1].path, "train.learning_rate");
  // The sweep's own text of the value.
  EXPECT_THAT(test.against.conditions[1].values, ElementsAre("0.2"));
}

TEST(ClaimsFileTest, WithoutAMetricTheObjectivesCounts) {
  const auto claims =
      Parse(WithTest("{says: a, of: {batch_size: 16}, against: {batch_size: full}, expect: {no_worse_by: 0.5}}"));
  ASSERT_TRUE(claims.ok()) << claims.status();
  const claims::Test& test = claims->front().tests[0];
  EXPECT_EQ(test.metric, "val_loss");
  EXPECT_EQ(test.expect.kind, Expectation::Kind::kNoWorse);
  EXPECT_EQ(test.expect.margin, 0.5);
}

TEST(ClaimsFileTest, AMistakeIsSaidWithItsPlace) {
  const std::string rest = ", against: {batch_size: full}, expect: lower}";
  EXPECT_THAT(Mistake(WithTest("{says: a, of: {batch_syze: 16}" + rest)),
              HasSubstr("claims.yaml:6:24: claims[0].tests[0].of.batch_syze: is not a field that the sweep varies; "
                        "those are train.batch_size, train.learning_rate"));
  EXPECT_THAT(Mistake(WithTest("{says: a, of: {batch_size: 17}" + rest)),
              HasSubstr("claims.yaml:6:36: claims[0].tests[0].of.batch_size: must be a value that the sweep has: 16, "
                        "full; is '17'"));
  EXPECT_THAT(Mistake(WithTest("{says: a, metric: val_los, of: {batch_size: 16}" + rest)),
              HasSubstr("claims[0].tests[0].metric: must be one of"));
  EXPECT_THAT(Mistake(WithTest("{says: a, metric: val_los, of: {batch_size: 16}" + rest)),
              HasSubstr("did you mean 'val_loss'?"));
  EXPECT_THAT(Mistake(WithTest("{says: a, off: {batch_size: 16}" + rest)),
              HasSubstr("claims.yaml:6:19: claims[0].tests[0].off: is not a field here"));
  EXPECT_THAT(Mistake(WithTest("{says: a, of: {batch_size: 16}, expect: lower}")),
              HasSubstr("claims.yaml:6:9: claims[0].tests[0]: must have one of against and against_metric"));
  EXPECT_THAT(Mistake(WithTest("{says: a, of: {batch_size: 16}, against: {batch_size: full}}")),
              HasSubstr("claims[0].tests[0].expect: is missing"));
  EXPECT_THAT(Mistake(WithTest("{says: a, of: {batch_size: 16}, against: {batch_size: full}, expect: less}")),
              HasSubstr("claims[0].tests[0].expect: must be one of lower, higher; is 'less'"));
  EXPECT_THAT(Mistake(WithTest("{says: a, against: {batch_size: full}, expect: {no_worse_by: -1}}")),
              HasSubstr("expect.no_worse_by: must be a number above 0, is '-1'"));
  EXPECT_THAT(Mistake(WithTest("{says: a, measure: rank_correlation, against: {batch_size: full}, expect: lower}")),
              HasSubstr("tests[0].against: a rank correlation is of two metrics"));
}

TEST(ClaimsFileTest, ASweepThatIsNotThereOrBadIsSaidWithItsPlace) {
  const std::string claim = "claims:\n  - number: 1\n    claim: It is so.\n    tests: []\n    sweeps: [";
  EXPECT_THAT(Mistake(claim + "nowhere.yaml]\n"),
              HasSubstr("claims.yaml:5:14: claims[0].sweeps[0]: nowhere.yaml: cannot be read"));
  EXPECT_THAT(Mistake(claim + "bad.yaml]\n"), HasSubstr("claims.yaml:5:14: claims[0].sweeps[0]: bad.yaml:1:1: "));
}

TEST(ClaimsFileTest, ASelectionHasAConfig) {
  const auto with = [](const std::string& of) {
    std::string text = WithTest("{says: a, of: {" + of + "}, against: {schedule: constant}, expect: lower}");
    return Mistake(text.replace(text.find("small.yaml"), 10, "choice.yaml"));
  };
  EXPECT_EQ(with("schedule: exponential, gamma: 0.7"), "");
  EXPECT_THAT(with("schedule: constant, gamma: 0.7"),
              HasSubstr("claims.yaml:6:23: claims[0].tests[0].of: selects no config of the sweep"));
}

TEST(ClaimsFileTest, NumbersDiffer) {
  const std::string one = WithTest("{says: a, of: {batch_size: 16}, against: {batch_size: full}, expect: lower}");
  EXPECT_THAT(Mistake(one + one.substr(one.find("  - number"))),
              HasSubstr("claims.yaml:7:13: claims[1].number: is 1 a second time"));
}

TEST(ClaimsFileTest, AFileThatIsNoneOfClaimsIsRefused) {
  EXPECT_THAT(Mistake("[1, 2]"), HasSubstr("claims.yaml:1:1: must be a mapping of claims, is a list"));
  EXPECT_THAT(Mistake("claims: []"), HasSubstr("claims: must be a list of at least one"));
  EXPECT_THAT(Mistake("claims: ["), HasSubstr("claims.yaml:"));
}

TEST(ClaimsFileTest, APictureIsOfWhatItsSweepHas) {
  const std::string head = WithTest("{says: a, of: {batch_size: 16}, against: {batch_size: full}, expect: lower}");
  const auto with = [&](const std::string& picture) { return Mistake(head + "    pictures: [" + picture + "]\n"); };
  EXPECT_EQ(with("{kind: dots, title: a, by: [batch_size]}"), "");
  EXPECT_THAT(with("{kind: dots, title: a, by: [batch]}"),
              HasSubstr("claims.yaml:7:44: claims[0].pictures[0].by: is not a field that the sweep varies"));
  EXPECT_THAT(with("{kind: dos, title: a, by: [batch_size]}"), HasSubstr("did you mean 'dots'?"));
  EXPECT_THAT(with("{kind: planes, title: a, by: [batch_size]}"), HasSubstr("the sweep has no loss_plane"));
  EXPECT_THAT(with("{kind: scatter, title: a, by: [batch_size]}"), HasSubstr("against_metric: is missing"));
}

}  // namespace
}  // namespace basin::client::claims
