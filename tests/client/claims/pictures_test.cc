#include "client/claims/pictures.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/claims/small_claim.h"

namespace basin::client::claims {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kAnyTest[] = "{says: a, of: {batch_size: 16}, against: {batch_size: full}, expect: lower}";

TEST(PicturesTest, ADotForTheBestOfEachGroup) {
  const Claim claim = ClaimOf({kAnyTest}, "{kind: dots, title: Losses, by: [batch_size]}");
  const SweepResults results = ResultsOf(claim, "val_loss", [](uint64_t config, uint64_t seed) {
    if (config == 2 && seed == 0) return std::nan("");
    return std::vector<double>{4, 3, 7, 9}[config];
  });
  const std::vector<std::string> drawn = Draw(claim.pictures[0], results);
  ASSERT_THAT(drawn, SizeIs(1));
  EXPECT_THAT(drawn[0], AllOf(HasSubstr(">batch_size=16</text>"), HasSubstr(">best with learning_rate=0.2</text>"),
                              HasSubstr(">3</text>"), Not(HasSubstr(">7</text>")), HasSubstr(">Losses</text>")));
}

TEST(PicturesTest, SeedsWithoutAValueAreSaid) {
  const Claim claim = ClaimOf({kAnyTest}, "{kind: dots, title: a, by: [batch_size, learning_rate]}");
  const SweepResults results = ResultsOf(
      claim, "val_loss", [](uint64_t config, uint64_t seed) { return config == 2 && seed == 0 ? std::nan("") : 1.0; });
  EXPECT_THAT(Draw(claim.pictures[0], results)[0], HasSubstr("1 of 6 seeds without a value"));
}

TEST(PicturesTest, ADotForEveryTrialOfAScatter) {
  const Claim claim = ClaimOf(
      {kAnyTest}, "{kind: scatter, title: a, metric: train_loss, against_metric: train_loss, by: [batch_size]}");
  const SweepResults results =
      ResultsOf(claim, "train_loss", [](uint64_t config, uint64_t seed) { return config + 0.1 * seed; });
  const std::string svg = Draw(claim.pictures[0], results).at(0);
  size_t dots = 0;
  for (size_t at = svg.find("fill-opacity=\"0.75\""); at != std::string::npos;
       at = svg.find("fill-opacity=\"0.75\"", at + 1)) {
    ++dots;
  }
  EXPECT_EQ(dots, 24u);
}

TEST(PicturesTest, WithoutValuesThereIsNone) {
  const Claim claim = ClaimOf({kAnyTest}, "{kind: dots, title: a, by: [batch_size]}");
  EXPECT_THAT(Draw(claim.pictures[0], SweepResults(claim.sweeps[0], "k3f9")), IsEmpty());
}

}  // namespace
}  // namespace basin::client::claims
