// client/cli/output.md names the fields that commands print, and no others.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/sweep_fixture.h"

namespace basin::client::cli {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;
using ::testing::ContainerEq;
using tests::SmallTrial;

// The words in backticks of a command's section: of a table, those of its first column alone.
std::set<std::string> Documented(const std::string& command) {
  std::ifstream file(BASIN_OUTPUT_DOC);
  const std::string doc{std::istreambuf_iterator<char>(file), {}};
  const std::string heading = "\n## " + command + "\n";
  const size_t begin = doc.find(heading);
  EXPECT_NE(begin, std::string::npos) << command;
  if (begin == std::string::npos) return {};
  const std::string section = doc.substr(begin + heading.size(), doc.find("\n## ", begin + 1) - begin - heading.size());
  std::set<std::string> names;
  const bool table = section.find("\n| ") != std::string::npos;
  bool inside = false;
  size_t line_begin = 0;
  while (line_begin < section.size()) {
    std::string line = section.substr(line_begin, section.find('\n', line_begin) - line_begin);
    line_begin += line.size() + 1;
    if (table && !line.starts_with("| ")) continue;
    if (table) line = line.substr(0, line.find(" |", 2));
    std::string name;
    for (const char c : line) {
      if (c == '`' && inside) names.insert(name);
      if (c == '`') {
        inside = !inside;
        name.clear();
      } else {
        name += c;
      }
    }
  }
  return names;
}

void AddNames(const Struct& object, const std::string& prefix, std::set<std::string>* names);

void AddNames(const Value& value, const std::string& path, std::set<std::string>* names) {
  if (path == "params" || (!value.has_struct_value() && value.list_value().values_size() == 0)) {
    names->insert(path);
  } else if (value.has_struct_value()) {
    AddNames(value.struct_value(), path + ".", names);
  } else {
    for (const Value& item : value.list_value().values()) {
      if (item.has_struct_value()) AddNames(item.struct_value(), path + "[].", names);
      if (!item.has_struct_value()) names->insert(path);
    }
  }
}

void AddNames(const Struct& object, const std::string& prefix, std::set<std::string>* names) {
  for (const auto& [key, value] : object.fields())
    AddNames(value, prefix + (prefix == "metrics." ? "NAME" : key), names);
}

class OutputDocTest : public ::testing::Test {
 protected:
  OutputDocTest() {
    v1::Sweep sweep = tests::SmallSweep();
    v1::Domain& schedule = *sweep.mutable_spec()->add_domains();
    schedule.set_path("train.schedule");
    v1::Choice::Option& option = *schedule.mutable_choice()->add_options();
    option.mutable_partial()->mutable_train()->mutable_schedule()->mutable_exponential();
    v1::Domain& gamma = *option.add_domains();
    gamma.set_path("train.schedule.exponential.gamma");
    gamma.mutable_uniform()->set_low(0.5);
    gamma.mutable_uniform()->set_high(0.75);
    gamma.mutable_uniform()->set_step(0.25);
    sweep.mutable_spec()->mutable_base()->mutable_train()->clear_learning_rate();
    v1::Domain& rate = *sweep.mutable_spec()->add_domains();
    rate.set_path("train.learning_rate");
    rate.mutable_log_normal()->set_stddev(1);
    rate.mutable_log_normal()->set_points(2);
    sweep.add_running()->set_worker("w-1");
    server_.sweeps = {sweep};
    server_.trials = {SmallTrial(0, v1::TRIAL_STATE_SUCCEEDED)};
    server_.points = {tests::Point(0, "val_loss", 10, 0.75)};
    server_.results.add_param_paths("train.batch_size");
    server_.results.add_results()->add_params("16");
    server_.workers.emplace_back().set_name("w-1");
    server_.artifacts.emplace_back().set_name("weights.safetensors");
  }

  std::set<std::string> Printed(const std::vector<std::string>& command) {
    const tests::CliResult result = tests::RunCli(command, server_.address());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    google::protobuf::ListValue rows;
    const std::string list = result.out.starts_with('[') ? result.out : "[" + result.out + "]";
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(list, &rows).ok()) << result.out;
    EXPECT_GT(rows.values_size(), 0);
    std::set<std::string> names;
    for (const Value& row : rows.values()) AddNames(row.struct_value(), "", &names);
    return names;
  }

  tests::FakeCoordinator server_;
};

TEST_F(OutputDocTest, EveryFieldIsDocumentedAndNoOther) {
  for (const char* command : {"list", "results", "trials", "artifacts", "workers", "version"}) {
    std::vector<std::string> args = {command, "-o", "json"};
    if (std::set<std::string>{"results", "trials", "artifacts"}.contains(command))
      args.insert(args.begin() + 1, "k3f9");
    EXPECT_THAT(Printed(args), ContainerEq(Documented(command))) << command;
  }
  EXPECT_THAT(Printed({"export", "k3f9", "--format", "jsonl"}), ContainerEq(Documented("export")));
}

TEST_F(OutputDocTest, ShowHasTheFieldsOfListAndItsOwn) {
  std::set<std::string> documented = Documented("list");
  for (const std::string& name : Documented("show")) documented.insert(name);
  documented.erase("list");
  EXPECT_THAT(Printed({"show", "k3f9", "-o", "json"}), ContainerEq(documented));
}

}  // namespace
}  // namespace basin::client::cli
