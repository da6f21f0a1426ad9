#include "proto/contract/grid_values.h"

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "proto/contract/normal_quantile.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {
namespace {

// All values of a domain, or the faults.
std::string Values(const std::string& path, const std::string& domain) {
  std::vector<Violation> violations;
  const auto values = GridValues::Create(Parse<v1::Domain>(domain), *ParseFieldPath(v1::Workload::descriptor(), path),
                                         "domains[0]", &violations);
  std::vector<std::string> texts;
  for (const Violation& violation : violations) texts.push_back(violation.path + ": " + violation.description);
  for (uint64_t i = 0; values.has_value() && i < values->size(); ++i) texts.push_back(FormatValue(values->At(i)));
  return absl::StrJoin(texts, " ");
}

TEST(GridValuesTest, RangesGiveTheValuesThatPeopleExpect) {
  const struct {
    const char* path;
    const char* domain;
    const char* values;
  } cases[] = {
      {"train.learning_rate", "uniform { low: 0.1 high: 0.5 points: 5 }", "0.1 0.2 0.3 0.4 0.5"},
      {"train.learning_rate", "uniform { low: 0.1 high: 1 step: 0.1 }", "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"},
      {"train.learning_rate", "uniform { low: 0.1 high: 0.55 step: 0.2 }", "0.1 0.3 0.5"},
      {"train.learning_rate", "log_uniform { low: 0.001 high: 1 points: 4 }", "0.001 0.01 0.1 1"},
      {"train.learning_rate", "log_uniform { low: 0.01 high: 0.1 points: 3 }", "0.01 0.0316227766016838 0.1"},
      {"train.batch_size", "int_uniform { low: 3 high: 6 }", "3 4 5 6"},
      {"train.batch_size", "int_uniform { low: 16 high: 64 step: 20 }", "16 36 56"},
      {"train.batch_size", "int_uniform { low: 1 high: 10 points: 4 }", "1 4 7 10"},
      {"train.batch_size", "int_log_uniform { low: 16 high: 1024 points: 7 }", "16 32 64 128 256 512 1024"},
      {"train.batch_size", "int_log_uniform { low: 1 high: 10 points: 5 }", "1 2 3 6 10"},
      {"train.learning_rate", "int_uniform { low: 1 high: 3 }", "1 2 3"},
      {"train.learning_rate", "normal { mean: 0.5 stddev: 0.1 points: 3 }", "0.40325784338983 0.5 0.59674215661017"},
      {"train.learning_rate", "log_normal { mean: 0 stddev: 1 points: 3 }", "0.380061739875801 1 2.63115145535772"},
      {"train.batch_size", "values { values { int_value: 8 } values { string_value: 'full' } }", "8 full"},
  };
  for (const auto& test : cases) EXPECT_EQ(Values(test.path, test.domain), test.values) << test.domain;
}

TEST(GridValuesTest, EndsAreExact) {
  EXPECT_EQ(Values("train.learning_rate", "uniform { low: 0.30000000000000004 high: 0.7000000000000001 points: 2 }"),
            "0.30000000000000004 0.7000000000000001");
}

TEST(GridValuesTest, PointsThatRoundTogetherAreRefused) {
  EXPECT_EQ(Values("train.learning_rate", "uniform { low: 1 high: 1.0000001 points: 1000000000 }"),
            "domains[0].uniform: has values so close together that they would coincide");
  EXPECT_EQ(Values("train.learning_rate", "uniform { low: 1 high: 2 step: 1e-300 }"),
            "domains[0].uniform.step: gives more than 2^53 values");
}

// Reference values: Python's statistics.NormalDist().inv_cdf.
TEST(NormalQuantileTest, AgreesWithReference) {
  EXPECT_DOUBLE_EQ(NormalQuantile(0, 2), -0.6744897501960817);
  EXPECT_DOUBLE_EQ(NormalQuantile(19, 20), 1.9599639845400534);
  EXPECT_DOUBLE_EQ(NormalQuantile(0, 500), -3.090232306167813);
  EXPECT_DOUBLE_EQ(NormalQuantile(0, 500'000'000), -5.9978070150076865);
  EXPECT_EQ(NormalQuantile(1, 3), 0);
}

TEST(NormalQuantileTest, IsAntisymmetric) {
  for (uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(NormalQuantile(i, 1000), -NormalQuantile(999 - i, 1000));
}

}  // namespace
}  // namespace basin::contract
