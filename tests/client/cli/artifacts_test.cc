#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/cli/trial_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/digest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/sweep_fixture.h"
#include "tests/support/temp_dir.h"

namespace basin::client::cli {
namespace {

using ::testing::HasSubstr;
using tests::CliResult;

class ArtifactsTest : public ::testing::Test {
 protected:
  ArtifactsTest() {
    server_.sweeps = {tests::SmallSweep()};
    server_.file = "the weights";
    for (const uint64_t trial : {0, 1}) {
      v1::Artifact artifact;
      artifact.set_sweep_id("k3f9");
      artifact.set_trial(trial);
      artifact.set_name("weights.safetensors");
      artifact.set_kind(v1::ARTIFACT_KIND_WEIGHTS);
      artifact.set_step(40);
      artifact.set_attempt(1);
      artifact.set_bytes(server_.file.size());
      artifact.set_sha256(contract::Sha256Hex(server_.file));
      server_.artifacts.push_back(artifact);
    }
  }
  CliResult Run(const std::vector<std::string>& args) { return tests::RunCli(args, server_.address()); }
  std::string Out() const { return (dir_.path() / "w.safetensors").string(); }
  std::string Written() const {
    std::stringstream text;
    text << std::ifstream(Out()).rdbuf();
    return text.str();
  }
  size_t Files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(dir_.path()), {}));
  }

  const tests::TempDir dir_;
  tests::FakeCoordinator server_;
};

TEST_F(ArtifactsTest, AreListedForATrialOrAll) {
  EXPECT_EQ(Run({"artifacts", "k3f9"}).out,
            "TRIAL   NAME                 KIND     STEP  BYTES\n"
            "k3f9/0  weights.safetensors  weights    40     11\n"
            "k3f9/1  weights.safetensors  weights    40     11\n");
  EXPECT_THAT(Run({"artifacts", "k3f9/1", "-o", "json"}).out,
              ::testing::AllOf(HasSubstr("\"trial\": \"k3f9/1\""), HasSubstr("\"bytes\": 11"),
                               ::testing::Not(HasSubstr("k3f9/0"))));
  server_.artifacts.clear();
  EXPECT_THAT(Run({"artifacts", "k3f9"}).err, HasSubstr("keep: {weights: all}"));
}

TEST_F(ArtifactsTest, OneIsWrittenWhole) {
  const CliResult result = Run({"artifacts", "k3f9/1", "--get", "weights.safetensors", "--out", Out()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Written(), "the weights");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(ArtifactsTest, BytesThatAreNotThoseOfTheDigestLeaveNothing) {
  std::ofstream(Out()) << "before";
  server_.file = "the weighty";
  const CliResult result = Run({"artifacts", "k3f9/1", "--get", "weights.safetensors", "--out", Out()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("not those of its digest"));
  EXPECT_EQ(Written(), "before");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(ArtifactsTest, MistakesAreSaid) {
  const CliResult missing = Run({"artifacts", "k3f9/1", "--get", "nothing", "--out", Out()});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("has no file 'nothing'; it has weights.safetensors"));
  EXPECT_EQ(Run({"artifacts", "k3f9", "--get", "weights.safetensors"}).exit_code, 2);
  EXPECT_EQ(Run({"artifacts", "k3f9/1", "--out", Out()}).exit_code, 2);
  EXPECT_EQ(Run({"artifacts", "k3f9/x"}).exit_code, 2);
  const CliResult beyond = Run({"artifacts", "k3f9/4"});
  EXPECT_EQ(beyond.exit_code, 3);
  EXPECT_THAT(beyond.err, HasSubstr("no trial k3f9/4: the sweep has trials 0 to 3"));
  EXPECT_EQ(Run({"artifacts", "k3f9/3"}).exit_code, 0);
  EXPECT_EQ(Run({"artifacts", "k3f9/1", "--get", "weights.safetensors", "--out", "/nonexistent/w"}).exit_code, 1);
  EXPECT_EQ(Files(), 0u);
}

TEST(TrialNameTest, IsASweepAndAnIndex) {
  EXPECT_EQ(ParseTrialName("k3f9/12")->sweep, "k3f9");
  EXPECT_EQ(ParseTrialName("k3f9/12")->index, 12u);
  EXPECT_FALSE(ParseTrialName("k3f9")->index.has_value());
  for (const char* text : {"", "/", "/1", "k3f9/", "k3f9/-1", "k3f9/ 1", "k3f9/1/2", "k3f9/99999999999999999999"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseTrialName(text).status())) << text;
  }
}

}  // namespace
}  // namespace basin::client::cli
