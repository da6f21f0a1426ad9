#include "client/claims/article.h"

#include <filesystem>
#include <fstream>
#include <set>

#include "client/claims/claims_file.h"
#include "client/claims/field_names.h"
#include "client/claims/sweep_results.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::claims {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ArticleTest, TheProgramHasTheFilesOfTheFolder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(BASIN_ARTICLE_DIR)) {
    if (entry.path().extension() == ".yaml") files[entry.path().filename()] = ReadFile(entry.path());
  }
  EXPECT_EQ(ArticleFiles(), files);
}

// ParseClaims checks that every field, value and metric belongs to its sweep.
TEST(ArticleTest, ItsClaimsAreAllThirteenAndUseEverySweepOfTheFolder) {
  std::set<std::string> read;
  const auto claims = ParseClaims(ArticleFiles().at("claims.yaml"), "claims.yaml",
                                  [&](const std::string& file) -> absl::StatusOr<std::string> {
                                    read.insert(file);
                                    const auto at = ArticleFiles().find(file);
                                    if (at == ArticleFiles().end()) return absl::InvalidArgumentError("is not there");
                                    return at->second;
                                  });
  ASSERT_TRUE(claims.ok()) << claims.status().message();
  std::vector<uint64_t> numbers;
  for (const Claim& claim : *claims) numbers.push_back(claim.number);
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
  read.insert("claims.yaml");
  std::set<std::string> files;
  for (const auto& [name, text] : ArticleFiles()) files.insert(name);
  EXPECT_EQ(read, files);
}

// Half of the seeds choose, where there is a choice.
TEST(ArticleTest, EveryTestHasSeedsEnoughForItsInterval) {
  const auto claims =
      ParseClaims(ArticleFiles().at("claims.yaml"), "claims.yaml",
                  [](const std::string& file) -> absl::StatusOr<std::string> { return ArticleFiles().at(file); });
  ASSERT_TRUE(claims.ok()) << claims.status().message();
  for (const Claim& claim : *claims) {
    for (const auto& test : claim.tests) {
      const SweepResults results(claim.sweeps[test.sweep], "");
      const bool choice = ConfigsOf(results.sweep(), test.of).size() > 1 ||
                          (test.against_metric.empty() && ConfigsOf(results.sweep(), test.against).size() > 1);
      const bool halved = choice && test.measure != Measure::kRankCorrelation;
      EXPECT_GE(halved ? results.seeds() / 2 : results.seeds(), kBootstrapUnits) << claim.number << ": " << test.says;
    }
  }
}

}  // namespace
}  // namespace basin::client::claims
