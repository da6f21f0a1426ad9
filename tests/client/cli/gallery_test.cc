// `basin gallery` with a real coordinator and a real worker.
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/program_files.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace basin::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tests::Binary;
using tests::Lines;
using tests::ReadFile;

constexpr char kClaims[] = R"(
claims:
  - number: 3
    claim: A larger rate learns faster.
    sweeps: [tiny.yaml]
    tests:
      - {says: The larger rate ends lower, of: {learning_rate: 0.1}, against: {learning_rate: 0.001}, expect: lower}
    pictures:
      - {kind: dots, title: Losses, by: [learning_rate]}
      - {kind: curves, title: The way there, by: [learning_rate]}
  - number: 5
    claim: A smaller rate learns faster.
    sweeps: [tiny.yaml]
    tests:
      - {says: The smaller rate ends lower, of: {learning_rate: 0.001}, against: {learning_rate: 0.1}, expect: lower}
      - {says: It ends within ten, of: {learning_rate: 0.001}, against: {learning_rate: 0.1}, expect: {no_worse_by: 10}}
)";
constexpr char kTinyOfClaims[] = R"(
name: tiny
objective: {minimize: val_loss}
seeds: 3
train:
  dataset: {name: digits}
  model: {softmax_regression: {}}
  epochs: 2
  batch_size: 32
  learning_rate: {$values: [0.001, 0.1]}
)";

class GalleryTest : public ::testing::Test {
 protected:
  GalleryTest() {
    std::ofstream(dir_.path() / "claims.yaml") << kClaims;
    std::ofstream(dir_.path() / "tiny.yaml") << kTinyOfClaims;
  }
  int Run(const std::string& log, std::vector<std::string> more = {}) {
    std::vector<std::string> command = {Binary("basin"), "gallery",    "--claims", Path("claims.yaml"),
                                        "--data-dir",    Path("data"), "--out",    Path("out.html")};
    command.insert(command.end(), more.begin(), more.end());
    return tests::RunProgram(command, dir_.path() / log);
  }
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string File(const std::string& name) const { return ReadFile(dir_.path() / name); }

  const tests::TempDir dir_;
};

TEST_F(GalleryTest, JudgesTheClaimsByTheirSweepsAndWritesThePage) {
  ASSERT_EQ(Run("log", {"--format", "csv", "--quiet"}), 0) << File("log");
  const std::string log = File("log");
  EXPECT_THAT(Lines(log), SizeIs(4)) << log;
  EXPECT_THAT(log, AllOf(HasSubstr("\n3,A larger rate learns faster.,Holds,tiny,"),
                         HasSubstr("\n5,A smaller rate learns faster.,In part,tiny,"), HasSubstr(",the opposite,3,")));
  const std::string page = File("out.html");
  EXPECT_THAT(page, AllOf(HasSubstr("A larger rate learns faster."), HasSubstr(">The way there</text>"),
                          HasSubstr("2 configs x 3 seeds = 6 trials"), HasSubstr(">In part</span>")));
}

TEST_F(GalleryTest, GoesOnInItsDataDirAndComputesNothingTwice) {
  ASSERT_EQ(Run("first", {"--only", "3"}), 0) << File("first");
  ASSERT_EQ(Run("second"), 0) << File("second");
  EXPECT_THAT(File("second"), HasSubstr("6 of them done before"));
}

TEST_F(GalleryTest, MistakesStartNothing) {
  EXPECT_EQ(Run("number", {"--only", "4"}), 2);
  EXPECT_THAT(File("number"), HasSubstr("--only must name claims, of 3, 5; is '4'"));
  std::ofstream(dir_.path() / "claims.yaml") << "claims:\n  - number: x\n";
  EXPECT_EQ(Run("bad"), 2);
  EXPECT_THAT(File("bad"), HasSubstr("claims.yaml:2:13: claims[0].number: must be a number"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "data"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "out.html"));
}

}  // namespace
}  // namespace basin::client
