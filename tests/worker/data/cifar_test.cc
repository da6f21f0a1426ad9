#include "worker/data/cifar.h"

#include "gmock/gmock.h"
#include "tests/worker/data/sample_files.h"

namespace basin::worker::data {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(CifarTest, PlanesBecomePixelsOfThreeChannels) {
  const std::string train = CifarRecord({3}) + CifarRecord({9});
  const std::string test = CifarRecord({0});
  const NamedBytes files[] = {{"c/1", train}, {"c/t", test}};
  const auto dataset = LoadCifar10(files);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->image, (train::ImageShape{32, 32, 3}));
  EXPECT_EQ(dataset->classes, 10);
  EXPECT_THAT(dataset->train.labels, ElementsAre(3, 9));
  EXPECT_THAT(dataset->test.labels, ElementsAre(0));
  ASSERT_EQ(BytesOf(dataset->train).size(), 2u * 3072);
  const std::vector<uint8_t>& pixels = BytesOf(dataset->test);
  EXPECT_THAT(std::vector<int>(pixels.begin(), pixels.begin() + 7), ElementsAre(0, 1, 2, 10, 11, 12, 20));
}

TEST(CifarTest, TheFineLabelOfCifar100IsTheClass) {
  const std::string train = CifarRecord({19, 99}) + CifarRecord({0, 5});
  const NamedBytes files[] = {{"c/train.bin", train}, {"c/test.bin", train}};
  const auto dataset = LoadCifar100(files);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->classes, 100);
  EXPECT_THAT(dataset->train.labels, ElementsAre(99, 5));
}

TEST(CifarTest, RefusesACutFileAndAnEmptyOne) {
  const std::string train = CifarRecord({1});
  for (const size_t size : {size_t{0}, size_t{1}, size_t{3072}}) {
    const NamedBytes files[] = {{"c/train", train}, {"c/test", std::string_view(train).substr(0, size)}};
    const auto dataset = LoadCifar10(files);
    EXPECT_EQ(dataset.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(dataset.status().message()), StartsWith("c/test: is cut off or not CIFAR"));
  }
}

TEST(CifarTest, RefusesALabelOutOfRangeAndSaysWhere) {
  const std::string ten = CifarRecord({1}) + CifarRecord({10});
  const NamedBytes files10[] = {{"c/train", ten}, {"c/test", ten}};
  EXPECT_EQ(LoadCifar10(files10).status().message(),
            "c/train: label 10 of example 1 (byte 3073) is out of range: the labels are 0 to 9");
  const std::string hundred = CifarRecord({20, 5});
  const NamedBytes files100[] = {{"c/train", hundred}, {"c/test", hundred}};
  EXPECT_EQ(LoadCifar100(files100).status().message(),
            "c/train: label 20 of example 0 (byte 0) is out of range: the labels are 0 to 19");
}

}  // namespace
}  // namespace basin::worker::data
