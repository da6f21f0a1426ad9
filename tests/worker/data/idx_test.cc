#include "worker/data/idx.h"

#include "gmock/gmock.h"
#include "tests/worker/data/sample_files.h"

namespace basin::worker::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// The four files of a set, to be damaged one by one.
struct Files {
  std::string train_images = IdxImages(6);
  std::string train_labels = IdxLabels({0, 1, 2, 0, 1, 2});
  std::string test_images = IdxImages(2);
  std::string test_labels = IdxLabels({2, 0});

  absl::StatusOr<RawDataset> Load() const {
    return LoadIdx({"m/ti", train_images}, {"m/tl", train_labels}, {"m/si", test_images}, {"m/sl", test_labels});
  }
  std::string Fault() const {
    const auto dataset = Load();
    EXPECT_EQ(dataset.status().code(), absl::StatusCode::kDataLoss) << dataset.status();
    return std::string(dataset.status().message());
  }
};

TEST(IdxTest, LoadsImagesAndLabels) {
  const auto dataset = Files().Load();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->image, (train::ImageShape{2, 3, 1}));
  EXPECT_EQ(dataset->feature_count, 6);
  EXPECT_EQ(dataset->classes, 3);
  EXPECT_FLOAT_EQ(dataset->feature_scale, 1.0f / 255);
  EXPECT_EQ(BytesOf(dataset->train).size(), 36u);
  EXPECT_EQ(BytesOf(dataset->train)[35], 35);
  EXPECT_THAT(dataset->train.labels, ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_THAT(dataset->test.labels, ElementsAre(2, 0));
}

TEST(IdxTest, PixelsAreUnsigned) {
  Files files;
  files.train_images[16] = static_cast<char>(255);
  const auto dataset = files.Load();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(BytesOf(dataset->train)[0], 255);
}

TEST(IdxTest, AFourthDimensionIsTheChannels) {
  Files files;
  for (auto [file, count] : {std::pair(&files.train_images, 6u), {&files.test_images, 2u}}) {
    const std::string pixels = file->substr(16);
    file->clear();
    for (const uint32_t word : {0x00000804u, count, 1u, 2u, 3u}) AppendBigEndian(file, word);
    *file += pixels;
  }
  const auto dataset = files.Load();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->image, (train::ImageShape{1, 2, 3}));
  EXPECT_EQ(BytesOf(dataset->train)[35], 35);
}

TEST(IdxTest, LabelsMayCountFromOne) {
  Files files;
  files.train_labels = IdxLabels({1, 2, 3, 1, 2, 3});
  const auto dataset = files.Load();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->classes, 4);
}

TEST(IdxTest, RefusesAWrongMagicNumber) {
  Files files;
  files.train_images = IdxLabels({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(files.Fault(), "m/ti: starts with the magic number 0x00000801, not 0x00000803");
}

TEST(IdxTest, RefusesATruncationOfEachFileAnywhere) {
  for (std::string Files::*member :
       {&Files::train_images, &Files::train_labels, &Files::test_images, &Files::test_labels}) {
    const size_t whole = (Files().*member).size();
    for (size_t size = 0; size < whole; ++size) {
      Files files;
      (files.*member).resize(size);
      EXPECT_THAT(files.Fault(), HasSubstr("is cut off")) << size;
    }
  }
}

TEST(IdxTest, RefusesBytesBeyondTheImages) {
  Files files;
  files.test_images += '\0';
  EXPECT_EQ(files.Fault(), "m/si: is too long: its header says 12 bytes after the header, there are 13");
}

TEST(IdxTest, RefusesUnequalCountsOfImagesAndLabels) {
  Files files;
  files.train_labels = IdxLabels({0, 1, 2, 0, 1});
  EXPECT_EQ(files.Fault(), "m/tl: has 5 labels, but m/ti has 6 images");
}

TEST(IdxTest, RefusesATrainingLabelBeyondOneThatNobodyHas) {
  Files files;
  files.train_labels = IdxLabels({0, 1, 2, 200, 1, 2});
  EXPECT_EQ(files.Fault(), "m/tl: label 200 of example 3 (byte 11) is out of range: no example has the label 3");
}

TEST(IdxTest, RefusesATestLabelBeyondTheTrainingOnes) {
  Files files;
  files.test_labels = IdxLabels({2, 3});
  EXPECT_EQ(files.Fault(), "m/sl: label 3 of example 1 (byte 9) is out of range: the training labels are 0 to 2");
}

TEST(IdxTest, RefusesOneClass) {
  Files files;
  files.train_labels = IdxLabels({0, 0, 0, 0, 0, 0});
  EXPECT_EQ(files.Fault(), "m/tl: has one class only");
}

TEST(IdxTest, RefusesTestImagesOfAnotherSize) {
  Files files;
  files.test_images = IdxImages(2, 3, 2);
  EXPECT_EQ(files.Fault(), "m/si: has images of 3x2, but m/ti of 2x3");
}

TEST(IdxTest, RefusesDimensionsThatNoFileCouldHave) {
  for (const auto& dimensions : {std::vector<uint32_t>{0, 2, 3}, {6, 0, 3}, {6, 2, 0}, {6, 65537, 3}}) {
    Files files;
    files.train_images.clear();
    AppendBigEndian(&files.train_images, 0x00000803);
    for (const uint32_t dimension : dimensions) AppendBigEndian(&files.train_images, dimension);
    EXPECT_THAT(files.Fault(), AllOf(StartsWith("m/ti: has the size "), HasSubstr(" in dimension ")));
  }
}

TEST(IdxTest, RefusesDimensionsWhoseProductOverflows) {
  Files files;
  files.train_images.clear();
  for (const uint32_t word : {0x00000803u, 0xffffffffu, 65536u, 65536u}) AppendBigEndian(&files.train_images, word);
  EXPECT_THAT(files.Fault(), StartsWith("m/ti: is cut off: "));
}

}  // namespace
}  // namespace basin::worker::data
