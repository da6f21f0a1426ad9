#include <cmath>
#include <vector>

#include "basin/v1/model.pb.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/golden/recording.h"
#include "worker/analysis/directions.h"
#include "worker/train/network_shape.h"

namespace basin::golden {
namespace {

TEST(DirectionGoldenTest, FilterNormalizationIsPyTorchs) {
  for (const RecordedCase& recorded : ReadRecording("directions.txt")) {
    SCOPED_TRACE(recorded.name());
    const std::vector<double> sides = recorded.Numbers("image");
    worker::train::ImageShape image{static_cast<int32_t>(sides[0]), static_cast<int32_t>(sides[1]),
                                    static_cast<int32_t>(sides[2])};
    const int64_t features = image.is_image() ? image.size() : image.channels;
    v1::Model model;
    recorded.Parse("model", &model);
    contract::FillDefaults(&model);
    const auto shape = worker::train::ShapeOf(model, features, image.is_image() ? image : worker::train::ImageShape{},
                                              static_cast<int32_t>(recorded.Number("classes")));
    ASSERT_TRUE(shape.ok()) << shape.status();
    std::vector<float> direction = recorded.Floats("direction");
    const std::vector<float> expected = recorded.Floats("normalized");
    ASSERT_EQ(direction.size(), shape->parameter_count);
    ASSERT_EQ(expected.size(), direction.size());
    worker::analysis::NormalizeFilters(shape->parameters, recorded.Floats("params"), direction);
    for (size_t i = 0; i < direction.size(); ++i) {
      EXPECT_NEAR(direction[i], expected[i], 1e-6 * (std::fabs(expected[i]) + 0.01)) << i;
    }
  }
}

}  // namespace
}  // namespace basin::golden
