#include <algorithm>
#include <cmath>

#include "basin/v1/workload.pb.h"
#include "gtest/gtest.h"
#include "tests/golden/recording.h"
#include "worker/train/network.h"

namespace basin::golden {
namespace {

namespace train = worker::train;

// Computes the case in T and compares it: `tolerance` is relative to the value, and to the largest one where smaller
// ones cancel.
template <typename T>
void CompareNetwork(const RecordedCase& recorded, double tolerance) {
  SCOPED_TRACE(recorded.name());
  const std::vector<float> inputs = recorded.Floats("inputs");
  std::vector<int32_t> labels;
  for (const double label : recorded.Numbers("labels")) labels.push_back(static_cast<int32_t>(label));
  const size_t count = labels.size();
  const size_t features = inputs.size() / count;

  v1::Model model;
  recorded.Parse("model", &model);
  const train::Network<T> network(
      train::ShapeOf(model, static_cast<int64_t>(features), {}, static_cast<int32_t>(recorded.Number("classes")))
          .value());
  const std::vector<float> params_given = recorded.Floats("params");
  const std::vector<double> gradient_expected = recorded.Numbers("gradient");
  const size_t size = network.shape().parameter_count;
  ASSERT_EQ(params_given.size(), size);
  ASSERT_EQ(gradient_expected.size(), size);

  // Rows as the trainer gives them: padded to a multiple of 16.
  const size_t stride = (features + 15) / 16 * 16;
  train::AlignedBuffer<T> rows(count * stride);
  std::vector<const T*> row_pointers;
  for (size_t i = 0; i < count; ++i) {
    T* row = rows.data() + i * stride;
    std::copy_n(inputs.begin() + static_cast<std::ptrdiff_t>(i * features), features, row);
    row_pointers.push_back(row);
  }
  train::AlignedBuffer<T> params(size);
  std::copy(params_given.begin(), params_given.end(), params.data());
  train::AlignedBuffer<T> gradient(size);
  typename train::Network<T>::Workspace workspace(network, {.batch_rows = static_cast<int64_t>(count)});
  const train::Batch<T> batch{row_pointers.data(), labels.data(), static_cast<int64_t>(count)};

  const double loss =
      network.LossAndGradient(params.data(), nullptr, batch, gradient.data(), workspace, nullptr, nullptr);
  EXPECT_NEAR(loss, recorded.Number("loss"), tolerance * std::fmax(1, recorded.Number("loss")));
  double largest = 0;
  for (const double value : gradient_expected) largest = std::fmax(largest, std::fabs(value));
  for (size_t i = 0; i < size; ++i) {
    EXPECT_NEAR(gradient[i], gradient_expected[i],
                tolerance * std::fmax(std::fabs(gradient_expected[i]), 0.1 * largest))
        << "element " << i;
  }
  const auto score = network.Evaluate(params.data(), nullptr, batch, workspace, nullptr);
  EXPECT_NEAR(score.loss, recorded.Number("loss"), tolerance * std::fmax(1, recorded.Number("loss")));
  EXPECT_NEAR(score.accuracy, recorded.Number("accuracy"), 1e-9);
}

TEST(NetworkGoldenTest, LossAndGradientInDoubleArePyTorchs) {
  const std::vector<RecordedCase> cases = ReadRecording("networks.txt");
  ASSERT_EQ(cases.size(), 5u);
  for (const RecordedCase& recorded : cases) CompareNetwork<double>(recorded, 1e-12);
}

TEST(NetworkGoldenTest, LossAndGradientInFloatArePyTorchs) {
  for (const RecordedCase& recorded : ReadRecording("networks.txt")) CompareNetwork<float>(recorded, 1e-5);
}

}  // namespace
}  // namespace basin::golden
