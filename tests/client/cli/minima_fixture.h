#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/sweep_fixture.h"
#include "tests/support/temp_dir.h"

namespace basin::client::cli {

// Commands that look at what a trial found: sweep k3f9 has trained, an4l is the analysis.
class MinimaTest : public ::testing::Test {
 protected:
  MinimaTest() {
    v1::Sweep analysis;
    analysis.set_id("an4l");
    analysis.set_state(v1::SWEEP_STATE_FINISHED);
    v1::Sweep trained = tests::SmallSweep();
    trained.set_state(v1::SWEEP_STATE_FINISHED);
    server_.sweeps = {analysis, trained};
  }
  // A finished trial of the analysis.
  v1::Trial& Add(uint64_t index) {
    v1::Trial& trial = server_.trials.emplace_back();
    trial.set_sweep_id("an4l");
    trial.set_index(index);
    trial.set_state(v1::TRIAL_STATE_SUCCEEDED);
    trial.set_weights_digest("abcdefabcdefabcdef");
    server_.sweeps[0].mutable_trials()->set_total(index + 1);
    server_.sweeps[0].mutable_trials()->set_succeeded(index + 1);
    return trial;
  }
  void AddScores(uint64_t index, double loss) {
    auto& metrics = *Add(index).mutable_metrics();
    metrics["train_loss"] = loss / 2;
    metrics["train_accuracy"] = 1;
    metrics["test_loss"] = loss;
    metrics["test_accuracy"] = 0.5;
  }
  // What a coordinator knows of the trained trial.
  void TrainedWith(const std::string& digest, double seconds = 0.5) {
    server_.sql.emplace_back().add_columns("state");
    v1::SqlRow& row = *server_.sql.back().add_rows();
    for (const std::string& text : {std::string("SUCCEEDED"), std::string("w-1"), std::string(), digest,
                                    std::string("data"), std::string("engine")}) {
      row.add_cells()->set_text(text);
    }
    row.add_cells()->set_real(seconds);
  }
  tests::CliResult Run(const std::vector<std::string>& args) { return tests::RunCli(args, server_.address()); }
  v1::SweepSpec Asked() const {
    EXPECT_THAT(server_.created(), ::testing::SizeIs(1));
    return server_.created().at(0).spec();
  }
  std::string File(const std::string& name) const {
    std::ifstream file(dir_.path() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }

  const tests::TempDir dir_;
  tests::FakeCoordinator server_;
};

}  // namespace basin::client::cli
