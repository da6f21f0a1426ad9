#include "worker/data/prepared_data.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/train_size.h"
#include "worker/data/embedded_digits.h"
#include "worker/data/synthetic.h"

namespace basin::worker::data {
namespace {

using testing::StartsWith;

v1::Dataset Spec() {
  v1::Dataset spec;
  spec.set_name("any");
  spec.set_validation_fraction(0.1);
  spec.set_test_fraction(0.1);
  spec.set_split_seed(0);
  spec.set_standardize(true);
  return spec;
}

// Columns: row number, 10 * row number + 3, a constant; classes 0 and 1 in turns.
std::shared_ptr<const RawDataset> Table(int rows, int test_rows = 0) {
  auto raw = std::make_shared<RawDataset>();
  raw->name = "table";
  raw->feature_count = 3;
  raw->classes = 2;
  const auto fill = [](RawPart* part, int count) {
    for (int i = 0; i < count; ++i) {
      const float value = static_cast<float>(i);
      auto& features = std::get<std::vector<float>>(part->features);
      features.insert(features.end(), {value, 10 * value + 3, 7});
      part->labels.push_back(i % 2);
    }
  };
  fill(&raw->train, rows);
  fill(&raw->test, test_rows);
  return raw;
}

std::shared_ptr<const RawDataset> Digits() {
  static const auto* digits = new std::shared_ptr<const RawDataset>(new RawDataset(LoadEmbeddedDigits()));
  return *digits;
}

std::shared_ptr<const PreparedData> MustPrepare(const std::shared_ptr<const RawDataset>& raw, const v1::Dataset& spec) {
  auto prepared = Prepare(raw, spec);
  EXPECT_TRUE(prepared.ok()) << prepared.status();
  return *prepared;
}

double Mean(const train::Examples& examples, int column, const std::function<double(double)>& of) {
  double sum = 0;
  for (int64_t i = 0; i < examples.count; ++i) sum += of(examples.features[i * examples.stride + column]);
  return sum / static_cast<double>(examples.count);
}

TEST(PrepareTest, DigitsSplitIntoTenths) {
  const auto prepared = MustPrepare(Digits(), Spec());
  EXPECT_EQ(prepared->view().train.count, 1437);
  EXPECT_EQ(prepared->view().validation.count, 180);
  EXPECT_EQ(prepared->view().test.count, 180);
  EXPECT_EQ(prepared->view().classes, 10);
}

// The contract refuses batches by what it knows of a set's size: the worker must not think otherwise.
TEST(PrepareTest, TrainingPartsAreAsLargeAsTheContractSays) {
  std::vector<v1::Dataset> sets(4, Spec());
  sets[0].set_name("digits");
  sets[1].mutable_two_spirals()->set_examples(1001);
  sets[2].mutable_moons()->set_examples(777);
  sets[3].mutable_blobs()->set_examples(1003);
  sets[3].mutable_blobs()->set_classes(7);
  for (v1::Dataset& set : sets) {
    contract::FillDefaults(&set);
    const auto raw = set.has_name() ? Digits() : *GenerateSynthetic(set);
    for (const auto& [validation, test] : {std::pair(0.1, 0.1), {0.3, 0.13}, {0.07, 0.61}}) {
      set.set_validation_fraction(validation);
      set.set_test_fraction(test);
      const std::optional<uint64_t> known = contract::TrainSize(set);
      ASSERT_TRUE(known) << set.DebugString();
      EXPECT_EQ(MustPrepare(raw, set)->view().train.count, *known) << set.DebugString();
    }
  }
}

TEST(PrepareTest, ASetWithItsOwnTestPartKeepsItInOrder) {
  v1::Dataset spec = Spec();
  spec.set_standardize(false);
  const auto prepared = MustPrepare(Table(100, 7), spec);
  const train::TrainingData& data = prepared->view();
  EXPECT_EQ(data.train.count, 90);
  EXPECT_EQ(data.validation.count, 10);
  ASSERT_EQ(data.test.count, 7);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(data.test.features[i * data.test.stride], static_cast<float>(i));
    EXPECT_EQ(data.test.labels[i], i % 2);
  }
}

TEST(PrepareTest, RowsKeepTheirLabels) {
  v1::Dataset spec = Spec();
  spec.set_standardize(false);
  const auto prepared = MustPrepare(Table(100), spec);
  for (const train::Examples* part : {&prepared->view().train, &prepared->view().validation, &prepared->view().test}) {
    for (int64_t i = 0; i < part->count; ++i) {
      const float* row = part->features + i * part->stride;
      EXPECT_EQ(part->labels[i], static_cast<int>(row[0]) % 2);
      EXPECT_EQ(row[1], 10 * row[0] + 3);
    }
  }
}

TEST(PrepareTest, RowsAreAlignedAndPaddedWithZeros) {
  const auto prepared = MustPrepare(Table(100), Spec());
  for (const train::Examples* part : {&prepared->view().train, &prepared->view().validation, &prepared->view().test}) {
    EXPECT_EQ(part->stride, 16);
    EXPECT_EQ(part->feature_count, 3);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(part->features) % 64, 0u);
    for (int64_t i = 0; i < part->count; ++i) {
      for (int column = 3; column < 16; ++column) EXPECT_EQ(part->features[i * 16 + column], 0);
    }
  }
}

TEST(PrepareTest, ColumnsAreStandardizedByTheTrainingPart) {
  const auto prepared = MustPrepare(Table(100), Spec());
  for (const int column : {0, 1}) {
    EXPECT_NEAR(Mean(prepared->view().train, column, [](double x) { return x; }), 0, 1e-6);
    EXPECT_NEAR(Mean(prepared->view().train, column, [](double x) { return x * x; }), 1, 1e-6);
  }
  // Both columns are the same up to their scale, in every part.
  const train::Examples& test = prepared->view().test;
  for (int64_t i = 0; i < test.count; ++i) EXPECT_NEAR(test.features[i * 16], test.features[i * 16 + 1], 1e-5);
}

TEST(PrepareTest, StandardizationDoesNotSeeTheOtherParts) {
  auto changed = std::make_shared<RawDataset>(*Table(100, 7));
  for (float& value : std::get<std::vector<float>>(changed->test.features)) value += 1e6f;
  const auto before = MustPrepare(Table(100, 7), Spec());
  const auto after = MustPrepare(changed, Spec());
  const train::Examples& a = before->view().train;
  const train::Examples& b = after->view().train;
  EXPECT_TRUE(std::equal(a.features, a.features + a.count * a.stride, b.features));
}

TEST(PrepareTest, AConstantColumnBecomesZero) {
  const auto prepared = MustPrepare(Table(100), Spec());
  EXPECT_EQ(Mean(prepared->view().train, 2, [](double x) { return std::fabs(x); }), 0);
}

TEST(PrepareTest, PixelsAreStandardizedTogether) {
  const auto prepared = MustPrepare(Digits(), Spec());
  const train::Examples& part = prepared->view().train;
  double mean = 0;
  double square = 0;
  for (int column = 0; column < 64; ++column) {
    mean += Mean(part, column, [](double x) { return x; }) / 64;
    square += Mean(part, column, [](double x) { return x * x; }) / 64;
  }
  EXPECT_NEAR(mean, 0, 1e-6);
  EXPECT_NEAR(square, 1, 1e-6);
  // Column 0 is nearly always blank: alone, it would have mean 0.
  EXPECT_LT(Mean(part, 0, [](double x) { return x; }), -0.5);
}

TEST(PrepareTest, WithoutStandardizationPixelsAreZeroToOne) {
  v1::Dataset spec = Spec();
  spec.set_standardize(false);
  const auto prepared = MustPrepare(Digits(), spec);
  const train::Examples& part = prepared->view().train;
  const auto [low, high] = std::minmax_element(part.features, part.features + part.count * part.stride);
  EXPECT_EQ(*low, 0);
  EXPECT_EQ(*high, 1);
}

TEST(PrepareTest, EqualSettingsShareOneCopyWhileItIsHeld) {
  const auto raw = Table(100);
  auto first = MustPrepare(raw, Spec());
  EXPECT_EQ(MustPrepare(raw, Spec()), first);
  v1::Dataset other = Spec();
  other.set_split_seed(1);
  EXPECT_NE(MustPrepare(raw, other), first);
}

TEST(PrepareTest, WhatNobodyHoldsIsKeptUntilSomethingElseIsWanted) {
  const auto raw = Table(100);
  std::weak_ptr<const PreparedData> watched = MustPrepare(raw, Spec());
  EXPECT_EQ(MustPrepare(raw, Spec()), watched.lock()) << "the next trial has it";
  EXPECT_FALSE(watched.expired());
  v1::Dataset other = Spec();
  other.set_split_seed(1);
  std::weak_ptr<const PreparedData> next = MustPrepare(raw, other);
  EXPECT_TRUE(watched.expired());
  EXPECT_FALSE(next.expired());
  MustPrepare(Table(50), Spec());
  EXPECT_TRUE(next.expired());
  EXPECT_EQ(raw.use_count(), 1);
}

TEST(PrepareTest, ThreadsThatWantTheSameShareIt) {
  const auto raw = Table(2000);
  std::vector<std::shared_ptr<const PreparedData>> got(8);
  std::vector<std::thread> threads;
  for (auto& slot : got) threads.emplace_back([&raw, &slot] { slot = MustPrepare(raw, Spec()); });
  for (std::thread& thread : threads) thread.join();
  // They may have come one after the other, but all hold theirs at the end: one copy.
  for (const auto& prepared : got) EXPECT_EQ(prepared, got[0]);
}

struct BadSplit {
  int rows;
  double validation;
  double test;
  const char* path;
};

class BadSplitTest : public testing::TestWithParam<BadSplit> {};

TEST_P(BadSplitTest, IsRefusedByItsPath) {
  v1::Dataset spec = Spec();
  spec.set_validation_fraction(GetParam().validation);
  spec.set_test_fraction(GetParam().test);
  const auto prepared = Prepare(Table(GetParam().rows), spec);
  EXPECT_EQ(prepared.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(prepared.status().message()), StartsWith(std::string(GetParam().path) + ": "));
}

INSTANTIATE_TEST_SUITE_P(Faults, BadSplitTest,
                         testing::Values(BadSplit{100, 0.5, 0.5, "train.dataset.validation_fraction"},
                                         BadSplit{100, 0.9, 0.9, "train.dataset.validation_fraction"},
                                         BadSplit{4, 0.01, 0.3, "train.dataset.validation_fraction"},
                                         BadSplit{4, 0.3, 0.01, "train.dataset.test_fraction"}));

// Images of 1 x 2 pixels with two channels, as bytes: the second channel is 10 above the first.
std::shared_ptr<const RawDataset> TwoChannels() {
  auto raw = std::make_shared<RawDataset>();
  raw->feature_count = 4;
  raw->classes = 2;
  raw->image = {1, 2, 2};
  raw->feature_scale = 1.0f / 255;
  std::vector<uint8_t> pixels;
  for (int i = 0; i < 40; ++i) {
    for (const int value : {i, i + 10, i + 1, i + 11}) pixels.push_back(static_cast<uint8_t>(value));
    raw->train.labels.push_back(i % 2);
  }
  raw->train.features = pixels;
  return raw;
}

TEST(PrepareTest, EachChannelIsStandardizedAlone) {
  const auto prepared = MustPrepare(TwoChannels(), Spec());
  const train::TrainingData& data = prepared->view();
  EXPECT_EQ(data.image, (train::ImageShape{1, 2, 2}));
  for (const int channel : {0, 1}) {
    const double mean = (Mean(data.train, channel, [](double x) { return x; }) +
                         Mean(data.train, channel + 2, [](double x) { return x; })) /
                        2;
    EXPECT_NEAR(mean, 0, 1e-6);
  }
  // The channels differ by a constant alone.
  for (int64_t i = 0; i < data.train.count; ++i) {
    EXPECT_NEAR(data.train.features[i * 16], data.train.features[i * 16 + 1], 1e-6);
  }
}

TEST(PrepareTest, TheBlankPixelIsWhatAStoredZeroBecame) {
  v1::Dataset spec = Spec();
  spec.set_standardize(false);
  EXPECT_EQ(MustPrepare(TwoChannels(), spec)->view().blank_pixel[1], 0);
  const auto standardized = MustPrepare(TwoChannels(), Spec());
  const float* blank = standardized->view().blank_pixel;
  EXPECT_LT(blank[1], blank[0]) << "the second channel is brighter, so that black is further from its mean";
  EXPECT_EQ(MustPrepare(Table(100), Spec())->view().blank_pixel, nullptr);
}

TEST(PrepareTest, LabelNoiseChangesItsShareOfTheTrainingLabelsAlone) {
  v1::Dataset spec = Spec();
  const auto clean = MustPrepare(Digits(), spec);
  spec.set_label_noise(0.25);
  const auto noisy = MustPrepare(Digits(), spec);
  int changed = 0;
  for (int64_t i = 0; i < clean->view().train.count; ++i) {
    changed += clean->view().train.labels[i] != noisy->view().train.labels[i];
  }
  EXPECT_EQ(changed, 359);  // 0.25 * 1437, rounded.
  EXPECT_EQ(clean->view().validation.labels, noisy->view().validation.labels);
  EXPECT_EQ(clean->view().test.labels, noisy->view().test.labels);
  EXPECT_EQ(clean->view().train.features, noisy->view().train.features) << "the features are one copy";
}

}  // namespace
}  // namespace basin::worker::data
