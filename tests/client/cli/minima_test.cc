// landscape, interpolate and curvature, by what they ask a coordinator for and what they make of its answer.
#include <limits>
#include <string>
#include <utility>

#include "tests/client/cli/minima_fixture.h"

namespace basin::client::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::CliResult;

TEST_F(MinimaTest, ALandscapeIsAskedForOfTheTrialsOwnTraining) {
  for (uint64_t i = 0; i < 9; ++i) AddScores(i, 1);
  Run({"landscape", "k3f9/3", "--points", "3", "--range", "0.5", "--seed", "7", "--examples", "100"});
  const v1::SweepSpec spec = Asked();
  EXPECT_EQ(spec.name(), "landscape-k3f9-3");
  EXPECT_EQ(spec.seeds().list().seeds(0), 7u);
  const v1::AnalyzeWorkload& analyze = spec.base().analyze();
  // Seeds are the outermost loop: trial 3 of two configs is config 1, seed 1.
  EXPECT_EQ(analyze.train().batch_size(), 32u);
  EXPECT_EQ(analyze.train_seed(), 1u);
  EXPECT_EQ(analyze.examples(), 100u);
  ASSERT_THAT(spec.domains(), SizeIs(2));
  EXPECT_EQ(spec.domains(0).path(), "analyze.loss_plane.alpha");
  EXPECT_EQ(spec.domains(1).path(), "analyze.loss_plane.beta");
  for (const v1::Domain& domain : spec.domains()) {
    ASSERT_THAT(domain.values().values(), SizeIs(3));
    EXPECT_EQ(domain.values().values(0).double_value(), -0.5);
    EXPECT_EQ(domain.values().values(1).double_value(), 0);
    EXPECT_EQ(domain.values().values(2).double_value(), 0.5);
  }
}

TEST_F(MinimaTest, ALandscapeIsDrawnWithBetaUpwards) {
  // Alpha is the slower index: the loss rises with beta alone.
  for (uint64_t i = 0; i < 9; ++i) AddScores(i, static_cast<double>(i % 3));
  const CliResult result = Run({"landscape", "k3f9/3", "--points", "3"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr(" 1 ██████\n"
                                    "   ▒▒▒o▒▒\n"
                                    "-1       \n"
                                    "   -1   1\n"));
  EXPECT_THAT(result.err, HasSubstr("9 places around k3f9/3, kept as sweep an4l."));
}

TEST_F(MinimaTest, TheWayToALandscapeTellsOfNoBestPlace) {
  for (uint64_t i = 0; i < 4; ++i) AddScores(i, static_cast<double>(i));
  server_.created_state = v1::SWEEP_STATE_RUNNING;
  server_.sweeps[0].set_best_trial(0);
  server_.sweeps[0].set_best_objective(0.5);
  const CliResult result = Run({"landscape", "k3f9/0", "--points", "2", "--metric", "train_accuracy"});
  EXPECT_THAT(result.err, AllOf(HasSubstr("4 of 4 trials done"), Not(HasSubstr("best"))));
}

TEST_F(MinimaTest, ALandscapesRowsNameTheirPlaces) {
  for (uint64_t i = 0; i < 4; ++i) AddScores(i, static_cast<double>(i));
  EXPECT_EQ(Run({"landscape", "k3f9/0", "--points", "2", "--format", "csv"}).out,
            "alpha,beta,train_loss,train_accuracy,test_loss,test_accuracy\n"
            "-1,-1,0,1,0,0.5\n"
            "-1,1,0.5,1,1,0.5\n"
            "1,-1,1,1,2,0.5\n"
            "1,1,1.5,1,3,0.5\n");
}

TEST_F(MinimaTest, ALandscapeIsWrittenAsPicturesAndArrays) {
  for (uint64_t i = 0; i < 9; ++i) AddScores(i, static_cast<double>(i % 3 + i / 3));
  for (const char* name : {"l.html", "l.svg", "l.npz"}) {
    const CliResult result = Run({"landscape", "k3f9/3", "--points", "3", "--out", Path(name)});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("drawn in " + Path(name)));
  }
  EXPECT_THAT(File("l.svg"), AllOf(HasSubstr("<svg"), HasSubstr("Loss around k3f9/3")));
  EXPECT_THAT(File("l.html"), AllOf(HasSubstr("<html"), HasSubstr("trained weights")));
  EXPECT_THAT(File("l.npz"), AllOf(HasSubstr("alpha.npy"), HasSubstr("test_accuracy.npy")));
}

TEST_F(MinimaTest, ALineHasOneDirection) {
  for (uint64_t i = 0; i < 3; ++i) AddScores(i, std::abs(static_cast<double>(i) - 1));
  const CliResult result = Run({"landscape", "k3f9/3", "--points", "3", "--line", "--format", "csv"});
  EXPECT_EQ(result.out,
            "alpha,train_loss,train_accuracy,test_loss,test_accuracy\n"
            "-1,0.5,1,1,0.5\n"
            "0,0,1,0,0.5\n"
            "1,0.5,1,1,0.5\n");
  EXPECT_THAT(Asked().domains(), SizeIs(1));
}

TEST_F(MinimaTest, WhatIsNowhereFiniteIsSaid) {
  for (uint64_t i = 0; i < 4; ++i) AddScores(i, std::numeric_limits<double>::infinity());
  EXPECT_THAT(Run({"landscape", "k3f9/0", "--points", "2"}).out, HasSubstr("test_loss is nowhere finite"));
}

TEST_F(MinimaTest, AnInterpolationNamesBothTrainingsAndItsBarrier) {
  for (const double loss : {2.0, 3.0, 9.0, 5.0, 4.0}) AddScores(server_.trials.size(), loss);
  const CliResult result =
      Run({"interpolate", "k3f9/0", "k3f9/3", "--points", "3", "--beyond", "1", "--metric", "test_loss"});
  EXPECT_EQ(result.exit_code, 0);
  // 9 at 0.5, between 3 at 0 and 5 at 1.
  EXPECT_THAT(result.err, HasSubstr("a barrier of test_loss, 5 above the line between the ends, at alpha 0.5"));
  const v1::SweepSpec spec = Asked();
  EXPECT_EQ(spec.name(), "interpolate-k3f9-0-to-k3f9-3");
  EXPECT_EQ(spec.base().analyze().train().batch_size(), 16u);
  EXPECT_EQ(spec.base().analyze().train_seed(), 0u);
  EXPECT_EQ(spec.base().analyze().interpolation().train().batch_size(), 32u);
  EXPECT_EQ(spec.base().analyze().interpolation().other_seed(), 1u);
  std::vector<double> alphas;
  for (const v1::Value& value : spec.domains(0).values().values()) alphas.push_back(value.double_value());
  EXPECT_EQ(alphas, (std::vector<double>{-0.5, 0, 0.5, 1, 1.5}));
}

TEST_F(MinimaTest, TrialsOfOneConfigShareItsSettings) {
  for (const double loss : {1.0, 0.5, 1.0}) AddScores(server_.trials.size(), loss);
  EXPECT_THAT(Run({"interpolate", "k3f9/1", "k3f9/3", "--points", "3"}).err, HasSubstr("no barrier of train_loss"));
  EXPECT_FALSE(Asked().base().analyze().interpolation().has_train());
}

TEST_F(MinimaTest, CurvatureShowsEachEigenvalueWithItsResidual) {
  v1::Trial& trial = Add(0);
  trial.set_message("a minimum");
  auto& metrics = *trial.mutable_metrics();
  metrics["train_loss"] = 0.25;
  metrics["hessian_top_1"] = 12.5;
  metrics["hessian_top_1_residual"] = 0.001;
  metrics["hessian_trace"] = 40;
  metrics["hessian_trace_stderr"] = 2;
  const CliResult result = Run({"curvature", "k3f9/1", "--top", "1", "--trace-probes", "10", "--format", "csv"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("metric,value,error\ntrain_loss,0.25,\n"), HasSubstr("\nhessian_top_1,12.5,0.001\n"),
                    HasSubstr("\nhessian_trace,40,2\n"), Not(HasSubstr("residual")), Not(HasSubstr("stderr"))));
  EXPECT_THAT(result.err, HasSubstr("k3f9/1: a minimum."));
  const v1::Curvature asked = Asked().base().analyze().curvature();
  EXPECT_EQ(asked.top(), 1u);
  EXPECT_EQ(asked.trace_probes(), 10u);
}

TEST_F(MinimaTest, AllEigenvaluesAreDrawn) {
  Add(0);
  for (uint64_t i = 0; i < 5; ++i) {
    server_.points.push_back(tests::Point(0, "eigenvalue", i, static_cast<double>(i) - 1));
    server_.points.push_back(tests::Point(0, "density", i, i == 2 ? 0.75 : 0));
  }
  const CliResult result = Run({"curvature", "k3f9/1", "--out", Path("s.npz"), "--seed", "4"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("train_loss"));
  EXPECT_THAT(File("s.npz"), AllOf(HasSubstr("eigenvalue.npy"), HasSubstr("density.npy")));
  ASSERT_THAT(server_.created(), SizeIs(2));
  EXPECT_EQ(server_.created()[1].spec().name(), "spectrum-k3f9-1");
  EXPECT_EQ(server_.created()[1].spec().seeds().list().seeds(0), 4u);
  EXPECT_TRUE(server_.created()[1].spec().base().analyze().has_spectral_density());
  EXPECT_EQ(Run({"curvature", "k3f9/1", "--out", Path("s.svg")}).exit_code, 0);
  EXPECT_THAT(File("s.svg"), AllOf(HasSubstr("<svg"), HasSubstr("Eigenvalues of the Hessian")));
}

TEST_F(MinimaTest, ATrajectoryIsReadInTheOrderOfItsSteps) {
  Add(0);
  for (const uint64_t step : {20, 0, 10}) {
    const auto far = static_cast<double>(20 - step);
    server_.points.push_back(tests::Point(0, "trajectory_x", step, far));
    server_.points.push_back(tests::Point(0, "trajectory_y", step, 2 * far));
    server_.points.push_back(tests::Point(0, "train_loss", step, far / 10));
    server_.points.push_back(tests::Point(0, "test_loss", step, far / 5));
  }
  server_.points.push_back(tests::Point(0, "explained_variance_1", 20, 0.9));
  server_.points.push_back(tests::Point(0, "explained_variance_2", 20, 0.05));
  const CliResult result = Run({"trajectory", "k3f9/1", "--every-epochs", "2", "--format", "csv"});
  EXPECT_EQ(result.out,
            "step,epoch,x,y,train_loss,test_loss\n"
            "0,0,20,40,2,4\n"
            "10,0,10,20,1,2\n"
            "20,0,0,0,0,0\n");
  EXPECT_THAT(result.err, HasSubstr("The two directions hold 90% and 5%"));
  EXPECT_EQ(Asked().base().analyze().trajectory().every_epochs(), 2u);
}

TEST_F(MinimaTest, ATrajectoryIsDrawnOnTheLossOfItsPlane) {
  for (uint64_t i = 0; i < 9; ++i) AddScores(i, static_cast<double>(i));
  for (const uint64_t step : {0, 10}) {
    server_.points.push_back(tests::Point(0, "trajectory_x", step, step == 0 ? 10 : 0));
    server_.points.push_back(tests::Point(0, "trajectory_y", step, step == 0 ? -5 : 0));
  }
  const CliResult result = Run({"trajectory", "k3f9/1", "--points", "3", "--out", Path("t.svg")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(File("t.svg"), AllOf(HasSubstr("first principal direction"), HasSubstr("start"), HasSubstr("end")));
  ASSERT_THAT(server_.created(), SizeIs(2));
  const v1::SweepSpec plane = server_.created()[1].spec();
  EXPECT_EQ(plane.base().analyze().loss_plane().directions(), v1::LossPlane::DIRECTIONS_PRINCIPAL);
  // What the path covers, and a fifth more on either side.
  EXPECT_EQ(plane.domains(0).values().values(0).double_value(), -2);
  EXPECT_EQ(plane.domains(0).values().values(2).double_value(), 12);
  EXPECT_EQ(plane.domains(1).values().values(0).double_value(), -6);
  EXPECT_EQ(plane.domains(1).values().values(2).double_value(), 1);
}

TEST_F(MinimaTest, PointsThatTheServerHasDeletedAreMissed) {
  Add(0);
  EXPECT_THAT(Run({"trajectory", "k3f9/1"}).err, HasSubstr("sweep an4l has no points any more"));
  EXPECT_THAT(Run({"curvature", "k3f9/1", "--out", Path("s.svg")}).err, HasSubstr("has no points any more"));
}

TEST_F(MinimaTest, WhatWasObservedOnTheWayIsNotObservedAgain) {
  Add(0);
  server_.sweeps[1].mutable_spec()->mutable_base()->mutable_train()->mutable_observe()->mutable_curvature();
  Run({"curvature", "k3f9/1"});
  EXPECT_FALSE(Asked().base().analyze().train().has_observe());
}

TEST_F(MinimaTest, OtherWeightsThanTheTrialsAreSaid) {
  Add(0);
  TrainedWith("0123456789abcdef");
  EXPECT_THAT(Run({"curvature", "k3f9/1"}).err,
              HasSubstr("the training of k3f9/1 came out with other weights than when it ran"));
}

TEST_F(MinimaTest, TheTrialsWeightsAreNotWorthAWord) {
  Add(0);
  TrainedWith("abcdefabcdefabcdef");
  EXPECT_THAT(Run({"curvature", "k3f9/1"}).err, Not(HasSubstr("other weights")));
}

TEST_F(MinimaTest, ALongTrainingWhoseWeightsAreNotKeptIsSaidToBeComputedAgain) {
  Add(0);
  server_.created_state = v1::SWEEP_STATE_RUNNING;
  TrainedWith("abcdefabcdefabcdef", 75);
  const std::string told =
      "The weights of k3f9/1 are not kept: each worker that takes part trains it again first, "
      "which took 1m15s";
  EXPECT_THAT(Run({"curvature", "k3f9/1"}).err, HasSubstr(told));

  v1::Artifact& artifact = server_.artifacts.emplace_back();
  artifact.set_trial(1);
  artifact.set_kind(v1::ARTIFACT_KIND_WEIGHTS);
  EXPECT_THAT(Run({"curvature", "k3f9/1"}).err, Not(HasSubstr("not kept")));

  server_.artifacts.clear();
  server_.created_state = v1::SWEEP_STATE_FINISHED;
  EXPECT_THAT(Run({"curvature", "k3f9/1"}).err, Not(HasSubstr("not kept"))) << "the answer is there already";
}

TEST_F(MinimaTest, ATrialWithoutAResultEndsIt) {
  AddScores(0, 1);
  v1::Trial& trial = Add(1);
  trial.set_state(v1::TRIAL_STATE_DIVERGED);
  trial.set_message("the loss is not finite after step 3");
  const CliResult result = Run({"landscape", "k3f9/0", "--points", "2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("trial an4l/1 is DIVERGED: the loss is not finite after step 3"));
}

TEST_F(MinimaTest, AnAnalysisIsOfTheTrainingThatItAnalysed) {
  Add(0);
  v1::Sweep& sweep = server_.sweeps[1];
  v1::TrainWorkload train = sweep.spec().base().train();
  train.set_batch_size(48);
  sweep.mutable_spec()->clear_domains();
  v1::AnalyzeWorkload& analyze = *sweep.mutable_spec()->mutable_base()->mutable_analyze();
  *analyze.mutable_train() = train;
  analyze.set_train_seed(5);
  analyze.mutable_sharpness();
  Run({"curvature", "k3f9/0"});
  EXPECT_EQ(Asked().base().analyze().train().batch_size(), 48u);
  EXPECT_EQ(Asked().base().analyze().train_seed(), 5u);
  EXPECT_TRUE(Asked().base().analyze().has_curvature());
}

TEST_F(MinimaTest, WhatCannotBeAnalysedIsRefused) {
  const struct {
    std::vector<std::string> args;
    std::string words;
  } kCases[] = {
      {{"landscape", "k3f9"}, "expected one trial, as SWEEP/INDEX, such as k3f9/0"},
      {{"landscape", "k3f9/4"}, "sweep k3f9 has trials 0 to 3, not 4"},
      {{"landscape", "none/0"}, "no sweep none"},
      {{"landscape", "k3f9/0", "--metric", "val_loss"}, "--metric is one of train_loss, "},
      {{"landscape", "k3f9/0", "--out", "l.png"}, "--out takes an .html, .svg or .npz file, not l.png"},
      {{"landscape", "k3f9/0", "--out", "l.svg", "--format", "csv"}, "leave --format away, or --out"},
      {{"landscape", "k3f9/0", "--points", "1"}, "--points"},
      {{"interpolate", "k3f9/0", "k3f9"}, "expected one trial"},
      {{"interpolate", "k3f9/1", "k3f9/1"}, "are one training"},
  };
  for (const auto& [args, words] : kCases) {
    const CliResult result = Run(args);
    EXPECT_NE(result.exit_code, 0) << words;
    EXPECT_THAT(result.err, HasSubstr(words));
  }
  EXPECT_THAT(server_.created(), IsEmpty());
}

TEST_F(MinimaTest, AnUnknownTrialIsExitCode3) {
  for (const char* command : {"landscape", "curvature", "trajectory"}) {
    EXPECT_EQ(Run({command, "k3f9/4"}).exit_code, 3) << command;
  }
  EXPECT_EQ(Run({"interpolate", "k3f9/0", "k3f9/4"}).exit_code, 3);
}

TEST_F(MinimaTest, ASurfaceHasNoNetwork) {
  v1::SweepSpec& spec = *server_.sweeps[1].mutable_spec();
  spec.clear_domains();
  v1::SurfaceWorkload& surface = *spec.mutable_base()->mutable_surface();
  surface.mutable_function()->mutable_beale();
  EXPECT_THAT(Run({"landscape", "k3f9/0"}).err, HasSubstr("k3f9/0 is a descent on a surface and trains no network"));
}

}  // namespace
}  // namespace basin::client::cli
