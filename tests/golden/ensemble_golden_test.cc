#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "basin/v1/workload.pb.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/golden/recording.h"
#include "worker/train/averaging/snapshot_ensemble.h"
#include "worker/train/network.h"

namespace basin::golden {
namespace {

namespace train = worker::train;

void CompareEnsemble(const RecordedCase& recorded) {
  SCOPED_TRACE(recorded.name());
  std::vector<int32_t> labels;
  for (const double label : recorded.Numbers("labels")) labels.push_back(static_cast<int32_t>(label));
  const auto count = static_cast<int64_t>(labels.size());
  const std::vector<float> inputs = recorded.Floats("inputs");
  const auto features = static_cast<int32_t>(inputs.size() / labels.size());
  const auto classes = static_cast<int32_t>(recorded.Number("classes"));
  const int32_t stride = 16;
  ASSERT_LE(features, stride);
  train::AlignedBuffer<float> rows(static_cast<size_t>(count * stride));
  for (int64_t i = 0; i < count; ++i) {
    std::copy_n(inputs.begin() + i * features, features, rows.data() + i * stride);
  }
  // The two parts differ, so that none can stand for the other.
  const int64_t half = count / 2;
  const train::Examples all{rows.data(), labels.data(), count, features, stride};
  const train::Examples first{rows.data(), labels.data(), half, features, stride};
  const train::TrainingData data{.train = all, .validation = all, .test = first, .classes = classes};

  v1::Model model;
  recorded.Parse("model", &model);
  contract::FillDefaults(&model);
  const train::Network<float> network(train::ShapeOf(model, features, {}, classes).value());
  train::Network<float>::Workspace workspace(network, {.batch_rows = count});
  int predictions_made = 0;
  const auto predict = [&](const train::Examples& examples, const train::SnapshotEnsemble::Member& member,
                           train::Predictions* predictions) {
    ++predictions_made;
    std::vector<const float*> pointers;
    for (int64_t i = 0; i < examples.count; ++i) pointers.push_back(examples.features + i * stride);
    predictions->probabilities.resize(static_cast<size_t>(examples.count * classes));
    predictions->losses.resize(static_cast<size_t>(examples.count));
    network.Predict(member.params.data(), member.buffers.data(), {pointers.data(), examples.labels, examples.count},
                    predictions->probabilities.data(), predictions->losses.data(), workspace, nullptr);
  };

  const std::vector<float> params = recorded.Floats("params"), buffers = recorded.Floats("buffers");
  const std::vector<double> losses = recorded.Numbers("losses"), accuracies = recorded.Numbers("accuracies");
  const size_t param_count = network.shape().parameter_count, buffer_count = network.shape().buffer_count;
  ASSERT_EQ(params.size(), losses.size() * param_count);
  ASSERT_EQ(buffers.size(), losses.size() * buffer_count);
  train::SnapshotEnsemble ensemble(static_cast<size_t>(recorded.Number("members")), param_count, buffer_count);
  for (size_t k = 0; k < losses.size(); ++k) {
    ensemble.Take({std::span(params).subspan(k * param_count, param_count),
                   std::span(buffers).subspan(k * buffer_count, buffer_count)});
    const train::PartScores scores = ensemble.Score(data, predict);
    EXPECT_NEAR(scores.validation_loss, losses[k], 1e-5 * losses[k]) << k;
    EXPECT_NEAR(scores.validation_accuracy, accuracies[k], 1e-9) << k;
    EXPECT_NE(scores.test_loss, scores.validation_loss);
    EXPECT_EQ(predictions_made, 2 * static_cast<int>(k + 1)) << "each network predicts each part once";
  }
}

TEST(EnsembleGoldenTest, TheMeanOfProbabilitiesIsPyTorchs) {
  const std::vector<RecordedCase> cases = ReadRecording("ensembles.txt");
  ASSERT_EQ(cases.size(), 2u);
  for (const RecordedCase& recorded : cases) CompareEnsemble(recorded);
}

}  // namespace
}  // namespace basin::golden
