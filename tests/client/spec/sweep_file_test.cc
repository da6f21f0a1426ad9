#include "client/spec/sweep_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "proto/contract/field_path.h"
#include "proto/contract/space.h"

namespace basin::client::spec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Everything but `train`'s settings, which `train` gives, each line indented by two.
std::string File(const std::string& train) {
  return "name: n\nobjective: {minimize: val_loss}\nseeds: 2\ntrain:\n" + train;
}

constexpr char kTrain[] = R"(  dataset: {name: digits}
  model: {mlp: {hidden: [32]}}
  epochs: 3
)";

v1::SweepSpec Parse(const std::string& text) {
  const auto spec = ParseSweepText(text, "f.yaml");
  EXPECT_TRUE(spec.ok()) << spec.status().message();
  return spec.ok() ? *spec : v1::SweepSpec();
}

// The same message in text format.
template <typename T>
std::string Same(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message.DebugString();
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(SweepFileTest, ExampleOfTheInterfaceIsSixtyTrials) {
  const v1::SweepSpec spec = Parse(R"(
name: digits-batch-vs-schedule
objective: {minimize: val_loss}          # or {maximize: val_accuracy}
seeds: 5                                 # 0, 1, 2, 3, 4; or a list: [7, 11, 13]
search: {grid: {}, seed: 0}              # default
train:
  dataset: {name: digits}
  model: {mlp: {hidden: [32]}}
  epochs: 30
  batch_size: {$values: [16, 32, 128]}   # `full` is a value too
  learning_rate: 0.1
  optimizer: {sgd: {momentum: 0.9}}
  schedule:
    $choice:                             # 3 x 4 configs x 5 seeds = 60 trials
      - constant: {}
      - exponential: {gamma: 0.9}
      - cosine: {}
      - sgdr: {first_period_epochs: 10, period_factor: 1}
)");
  EXPECT_EQ(spec.DebugString(), Same<v1::SweepSpec>(R"pb(
              name: "digits-batch-vs-schedule"
              objective { minimize: "val_loss" }
              seeds { count: 5 }
              search {
                grid {}
                seed: 0
              }
              base {
                train {
                  dataset { name: "digits" }
                  model { mlp { hidden: 32 } }
                  epochs: 30
                  learning_rate: 0.1
                  optimizer { sgd { momentum: 0.9 } }
                }
              }
              domains {
                path: "train.batch_size"
                values {
                  values { int_value: 16 }
                  values { int_value: 32 }
                  values { int_value: 128 }
                }
              }
              domains {
                path: "train.schedule"
                choice {
                  options { partial { train { schedule { constant {} } } } }
                  options { partial { train { schedule { exponential { gamma: 0.9 } } } } }
                  options { partial { train { schedule { cosine {} } } } }
                  options { partial { train { schedule { sgdr { first_period_epochs: 10 period_factor: 1 } } } } }
                }
              }
            )pb"));
  EXPECT_EQ((*contract::Space::Create(spec))->size(), 12u);
}

TEST(SweepFileTest, ResultsAreReusedIfTheFileSaysSo) {
  const std::string file = File(std::string(kTrain) + "  batch_size: 8\n  learning_rate: 0.1\n");
  EXPECT_TRUE(Parse(file + "reuse: true\n").reuse());
  EXPECT_FALSE(Parse(file).reuse());
}

TEST(SweepFileTest, JsonIsRead) {
  const v1::SweepSpec spec = Parse(
      R"({"name": "n", "objective": {"maximize": "val_accuracy", "at": "best"}, "seeds": [7, 11],
          "train": {"dataset": {"name": "digits"}, "model": {"softmax_regression": {}}, "steps": 1e3,
                    "batch_size": {"$values": ["full", 1]}, "learning_rate": {"$uniform": [0.1, 1], "step": 0.1}}})");
  EXPECT_EQ(spec.objective().at(), v1::Objective::AT_BEST);
  EXPECT_THAT(spec.seeds().list().seeds(), ElementsAre(7, 11));
  EXPECT_EQ(spec.base().train().steps(), 1000u);
  EXPECT_EQ((*contract::Space::Create(spec))->size(), 20u);
}

TEST(SweepFileTest, EveryKindOfDomainIsRead) {
  const std::string head = File(std::string(kTrain) + "  batch_size: 8\n  learning_rate: ");
  const std::pair<const char*, const char*> cases[] = {
      {"{$values: [0.1, 1]}", "values { values { double_value: 0.1 } values { double_value: 1 } }"},
      {"{$choice: [0.1, 1]}", "values { values { double_value: 0.1 } values { double_value: 1 } }"},
      {"{$uniform: [0.1, 1], step: 0.1}", "uniform { low: 0.1 high: 1 step: 0.1 }"},
      {"{$uniform: [0.1, 1], points: 3}", "uniform { low: 0.1 high: 1 points: 3 }"},
      {"{points: 3, $log_uniform: [1e-3, 1]}", "log_uniform { low: 0.001 high: 1 points: 3 }"},
      {"{$int_uniform: [1, 3]}", "int_uniform { low: 1 high: 3 }"},
      {"{$int_log_uniform: [1, 16], points: 5}", "int_log_uniform { low: 1 high: 16 points: 5 }"},
      {"{$normal: [1, 0.1], points: 3}", "normal { mean: 1 stddev: 0.1 points: 3 }"},
      {"{$log_normal: [0, 1], points: 3}", "log_normal { mean: 0 stddev: 1 points: 3 }"},
  };
  for (const auto& [yaml, domain] : cases) {
    const v1::SweepSpec spec = Parse(head + yaml);
    ASSERT_EQ(spec.domains_size(), 1) << yaml;
    EXPECT_EQ(spec.domains(0).DebugString(), Same<v1::Domain>(std::string("path: 'train.learning_rate' ") + domain))
        << yaml;
  }
}

TEST(SweepFileTest, DomainInsideAnOptionIsItsOwn) {
  const v1::SweepSpec spec = Parse(File(std::string(kTrain) + R"(  batch_size: 8
  learning_rate: 0.1
  schedule:
    $choice:
      - constant
      - warmup: {epochs: 1, then: {$values: [cosine, {exponential: {gamma: {$values: [0.8, 0.9]}}}]}}
)"));
  ASSERT_EQ(spec.domains_size(), 1);
  const v1::Choice& choice = spec.domains(0).choice();
  EXPECT_TRUE(choice.options(0).partial().train().schedule().has_constant());
  ASSERT_EQ(choice.options(1).domains_size(), 1);
  EXPECT_EQ(choice.options(1).domains(0).path(), "train.schedule.warmup.then");
  EXPECT_EQ(choice.options(1).domains(0).choice().options(1).domains(0).path(),
            "train.schedule.warmup.then.exponential.gamma");
  EXPECT_EQ((*contract::Space::Create(spec))->size(), 4u);
}

TEST(SweepFileTest, DomainsInAndOfLists) {
  const std::string rest = "  dataset: {name: digits}\n  epochs: 3\n  batch_size: 8\n  learning_rate: 0.1\n";
  const v1::SweepSpec elements =
      Parse(File(rest + "  model: {mlp: {hidden: [{$values: [32, 64]}, 16, {$int_uniform: [1, 2]}]}}\n"));
  const auto space = *contract::Space::Create(elements);
  ASSERT_EQ(space->size(), 4u);
  EXPECT_THAT(space->Resolve(3).train().model().mlp().hidden(), ElementsAre(64, 16, 2));
  const v1::SweepSpec whole =
      Parse(File(rest + "  model: {mlp: {hidden: {$values: [[64, 32], [{$values: [8, 9]}]]}}}\n"));
  const auto lists = *contract::Space::Create(whole);
  ASSERT_EQ(lists->size(), 3u);
  EXPECT_THAT(lists->Resolve(0).train().model().mlp().hidden(), ElementsAre(64, 32));
  EXPECT_THAT(lists->Resolve(2).train().model().mlp().hidden(), ElementsAre(9));
}

TEST(SweepFileTest, BareWordChoosesAnAlternative) {
  const v1::SweepSpec spec = Parse(File(
      "  dataset: {name: digits}\n  model: softmax_regression\n  epochs: 3\n  batch_size: full\n  learning_rate: 1\n"
      "  schedule: cosine\n  optimizer: {sgd: }\n"));
  EXPECT_TRUE(spec.base().train().model().has_softmax_regression());
  EXPECT_TRUE(spec.base().train().schedule().has_cosine());
  EXPECT_TRUE(spec.base().train().optimizer().has_sgd());
  EXPECT_EQ(spec.base().train().batch_size(), 4294967295u);
}

TEST(SweepFileTest, WindowsLineEndsAndAByteOrderMarkAreFine) {
  std::string text = "\xEF\xBB\xBF" + File(std::string(kTrain) + "  batch_size: 8\n  learning_rate: 0.1\n");
  for (size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 2) text.insert(i, "\r");
  EXPECT_EQ(Parse(text).name(), "n");
}

class ExampleFile : public testing::TestWithParam<std::string> {};

TEST_P(ExampleFile, IsAValidSweep) {
  const auto spec = ParseSweepFile(GetParam());
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ(spec->name(), std::filesystem::path(GetParam()).stem());
}

std::vector<std::string> Examples() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(BASIN_EXAMPLES_DIR)) {
    // Claims are no sweep; ArticleTest reads them.
    if (entry.path().filename() == "claims.yaml") continue;
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  return files;
}

INSTANTIATE_TEST_SUITE_P(Examples, ExampleFile, testing::ValuesIn(Examples()));

// A folder of its own for each test.
class ReadFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/sweep_file_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(ReadFileTest, MissingFileIsNamed) {
  const auto spec = ParseSweepFile(Path("none.yaml"));
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(spec.status()), Path("none.yaml") + ": cannot be read: No such file or directory");
}

TEST_F(ReadFileTest, FolderIsRefused) {
  EXPECT_EQ(Message(ParseSweepFile(folder_).status()), folder_ + ": is not a regular file");
}

TEST_F(ReadFileTest, PipeIsRefusedWithoutWaiting) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(Message(ParseSweepFile(Path("pipe")).status()), Path("pipe") + ": is not a regular file");
}

TEST_F(ReadFileTest, HundredMegabytesAreRefused) {
  std::ofstream(Path("large.yaml")) << "name: x\n";
  std::filesystem::resize_file(Path("large.yaml"), 100'000'000);
  EXPECT_EQ(Message(ParseSweepFile(Path("large.yaml")).status()),
            Path("large.yaml") + ": is larger than a sweep file may be, 1048576 bytes");
}

TEST_F(ReadFileTest, EmptyFileSaysWhatASweepIs) {
  std::ofstream(Path("empty.yaml")).close();
  EXPECT_EQ(Message(ParseSweepFile(Path("empty.yaml")).status()),
            Path("empty.yaml") +
                ":1:1: is empty, must be a sweep: name, objective, seeds, and one of train, surface, analyze");
}

TEST_F(ReadFileTest, MistakeNamesTheFile) {
  std::ofstream(Path("bad.yaml")) << "nmae: x\n";
  EXPECT_THAT(Message(ParseSweepFile(Path("bad.yaml")).status()),
              HasSubstr(Path("bad.yaml") + ":1:1: nmae: unknown key (did you mean 'name'?)"));
}

}  // namespace
}  // namespace basin::client::spec
