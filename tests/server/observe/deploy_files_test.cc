// What operators are given to look at the server must ask for metrics that it has.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "server/observe/metrics.h"
#include "tests/server/observe/exposition.h"
#include "yaml-cpp/yaml.h"

namespace basin::server::observe {
namespace {

std::string ReadFile(const std::string& name) {
  std::ifstream file(std::string(SOURCE_DIR) + "/deploy/observe/" + name);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every text under the key `expr`, at any depth.
void CollectExpressions(const YAML::Node& node, std::set<std::string>* found) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      if (entry.first.as<std::string>() == "expr") found->insert(entry.second.as<std::string>());
      CollectExpressions(entry.second, found);
    }
  }
  if (node.IsSequence()) {
    for (const YAML::Node& entry : node) CollectExpressions(entry, found);
  }
}

std::set<std::string> ExportedNames() {
  Metrics metrics;
  metrics.SetSource([] { return Metrics::Sample(); });
  metrics.OnCall("/basin.v1.SweepService/GetSweep", grpc::Status::OK, std::chrono::milliseconds(1));
  std::set<std::string> names;
  for (const auto& [family, type] : ParseExposition(metrics.Expose()).types) {
    names.insert(family);
    if (type != "histogram") continue;
    for (const char* suffix : {"_bucket", "_sum", "_count"}) names.insert(family + suffix);
  }
  return names;
}

// The metrics that `expression` names and nobody exports.
std::set<std::string> Unknown(const std::string& expression, const std::set<std::string>& exported) {
  static const std::regex name("\\b(basin|grpc_server)_[a-z0-9_]+");
  std::set<std::string> unknown;
  for (std::sregex_iterator match(expression.begin(), expression.end(), name), end; match != end; ++match) {
    if (!exported.contains(match->str())) unknown.insert(match->str());
  }
  return unknown;
}

class DeployFilesTest : public testing::TestWithParam<const char*> {};

TEST_P(DeployFilesTest, AsksForExportedMetricsAlone) {
  const std::set<std::string> exported = ExportedNames();
  std::set<std::string> expressions;
  CollectExpressions(YAML::Load(ReadFile(GetParam())), &expressions);
  EXPECT_THAT(expressions, testing::SizeIs(testing::Ge(5u)));
  for (const std::string& expression : expressions) {
    EXPECT_THAT(Unknown(expression, exported), testing::IsEmpty()) << expression;
  }
}

TEST(DeployExpressionsTest, AnUnknownMetricIsFound) {
  EXPECT_THAT(Unknown("rate(basin_novel_total[5m]) > 0", ExportedNames()), testing::ElementsAre("basin_novel_total"));
  EXPECT_THAT(Unknown("rate(basin_fenced_writes_total[5m]) > 0", ExportedNames()), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, DeployFilesTest, testing::Values("alerts.yaml", "grafana-dashboard.json"),
                         [](const auto& file) {
                           return std::string(file.param).starts_with("a") ? "Alerts" : "Grafana";
                         });

}  // namespace
}  // namespace basin::server::observe
