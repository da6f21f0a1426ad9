#include <algorithm>
#include <cmath>

#include "basin/v1/workload.pb.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/golden/recording.h"
#include "worker/train/network.h"

namespace basin::golden {
namespace {

namespace train = worker::train;

// Relative to the value, and to the largest one where smaller ones cancel.
template <typename T>
void ExpectNear(const train::AlignedBuffer<T>& values, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  double largest = 0;
  for (const double value : expected) largest = std::fmax(largest, std::fabs(value));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(values[i]), expected[i],
                tolerance * std::fmax(std::fabs(expected[i]), 0.1 * largest))
        << "element " << i;
  }
}

template <typename T>
void CompareLayers(const RecordedCase& recorded, double tolerance) {
  SCOPED_TRACE(recorded.name());
  const std::vector<float> inputs = recorded.Floats("inputs"), params_given = recorded.Floats("params");
  const std::vector<double> image_given = recorded.Numbers("image");
  const train::ImageShape image{static_cast<int32_t>(image_given[0]), static_cast<int32_t>(image_given[1]),
                                static_cast<int32_t>(image_given[2])};
  std::vector<int32_t> labels;
  for (const double label : recorded.Numbers("labels")) labels.push_back(static_cast<int32_t>(label));
  v1::Model model;
  recorded.Parse("model", &model);
  contract::FillDefaults(&model);
  v1::Loss loss;
  recorded.Parse("loss_function", &loss);

  auto shape = train::ShapeOf(model, image.size(), image, static_cast<int32_t>(recorded.Number("classes")));
  ASSERT_TRUE(shape.ok()) << shape.status();
  const train::Network<T> network(*std::move(shape), train::Loss::FromProto(loss));
  ASSERT_EQ(params_given.size(), network.shape().parameter_count);
  train::AlignedBuffer<T> params(params_given.size()), gradient(params_given.size());
  std::copy(params_given.begin(), params_given.end(), params.data());
  train::AlignedBuffer<T> buffers(network.shape().buffer_count), rows(inputs.size());
  for (const train::ParameterTensor& tensor : network.shape().buffers) {
    const bool variance = tensor.role == train::ParameterRole::kRunningVariance;
    std::fill_n(buffers.data() + tensor.offset, tensor.size(), T(variance));
  }
  std::copy(inputs.begin(), inputs.end(), rows.data());
  std::vector<const T*> pointers;
  for (size_t i = 0; i < labels.size(); ++i) {
    pointers.push_back(rows.data() + static_cast<int64_t>(i) * image.size());
  }
  const auto count = static_cast<int64_t>(labels.size());
  typename train::Network<T>::Workspace workspace(network, {.batch_rows = count});
  const train::Batch<T> batch{pointers.data(), labels.data(), count};

  const double value =
      network.LossAndGradient(params.data(), buffers.data(), batch, gradient.data(), workspace, nullptr, nullptr);
  EXPECT_NEAR(value, recorded.Number("loss"), tolerance * std::fmax(1, recorded.Number("loss")));
  ExpectNear(gradient, recorded.Numbers("gradient"), tolerance);
  ExpectNear(buffers, network.shape().has_batch_norm() ? recorded.Numbers("buffers") : std::vector<double>(),
             tolerance);
  const auto score = network.Evaluate(params.data(), buffers.data(), batch, workspace, nullptr);
  EXPECT_NEAR(score.loss, recorded.Number("evaluation_loss"),
              tolerance * std::fmax(1, recorded.Number("evaluation_loss")));
  EXPECT_NEAR(score.accuracy, recorded.Number("accuracy"), 1e-9);
}

TEST(LayerGoldenTest, LayersAndLossesInDoubleArePyTorchs) {
  const std::vector<RecordedCase> cases = ReadRecording("layers.txt");
  ASSERT_EQ(cases.size(), 12u);
  for (const RecordedCase& recorded : cases) CompareLayers<double>(recorded, 1e-11);
}

TEST(LayerGoldenTest, LayersAndLossesInFloatArePyTorchs) {
  for (const RecordedCase& recorded : ReadRecording("layers.txt")) CompareLayers<float>(recorded, 1e-5);
}

}  // namespace
}  // namespace basin::golden
