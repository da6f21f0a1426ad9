#include "worker/train/augmentation.h"

#include <algorithm>
#include <map>
#include <vector>

#include "gmock/gmock.h"

namespace basin::worker::train {
namespace {

using testing::HasSubstr;

constexpr int32_t kHeight = 4, kWidth = 5, kChannels = 2, kFeatures = kHeight * kWidth * kChannels, kStride = 48;
constexpr int64_t kCount = 64;

// Image n has 100 y + 10 x + channel + 1 everywhere, plus 1000 n; blank pixels are -1 and -2.
class Images {
 public:
  Images() : pixels_(kCount * kStride), labels_(kCount) {
    for (int64_t n = 0; n < kCount; ++n) {
      for (int32_t i = 0; i < kFeatures; ++i) {
        const int32_t y = i / (kWidth * kChannels), x = i / kChannels % kWidth, channel = i % kChannels;
        pixels_[static_cast<size_t>(n * kStride + i)] = static_cast<float>(1000 * n + 100 * y + 10 * x + channel + 1);
      }
    }
    data_.train = {pixels_.data(), labels_.data(), kCount, kFeatures, kStride};
    data_.classes = 2;
    data_.image = {kHeight, kWidth, kChannels};
    data_.blank_pixel = blank_;
  }
  const TrainingData& data() const { return data_; }
  const float* row(uint32_t n) const { return pixels_.data() + n * kStride; }

  // What became of image n: copies of its features.
  std::vector<float> Augmented(Augmentation* augmentation, uint64_t epoch, std::vector<uint32_t> batch, uint32_t n,
                               ThreadPool* pool = nullptr) const {
    std::vector<const float*> rows;
    for (const uint32_t i : batch) rows.push_back(row(i));
    augmentation->Apply(epoch, batch, rows.data(), pool);
    const size_t at = static_cast<size_t>(std::find(batch.begin(), batch.end(), n) - batch.begin());
    return {rows[at], rows[at] + kStride};
  }

 private:
  AlignedBuffer<float> pixels_;
  std::vector<int32_t> labels_;
  const float blank_[2] = {-1, -2};
  TrainingData data_;
};

std::unique_ptr<Augmentation> Make(const Images& images, uint32_t shift, bool flip, uint64_t seed = 1) {
  v1::Augmentation settings;
  settings.set_shift(shift);
  settings.set_horizontal_flip(flip);
  auto made = Augmentation::Create(settings, seed, images.data(), kCount);
  EXPECT_TRUE(made.ok()) << made.status();
  return *std::move(made);
}

// The image as it must look, pixel by pixel.
std::vector<float> Expected(const float* in, int32_t down, int32_t right, bool mirrored) {
  std::vector<float> out(kStride, 0);
  for (int32_t y = 0; y < kHeight; ++y) {
    for (int32_t x = 0; x < kWidth; ++x) {
      for (int32_t c = 0; c < kChannels; ++c) {
        const int32_t from_y = y - down, unmoved = x - right;
        const int32_t from_x = mirrored ? kWidth - 1 - unmoved : unmoved;
        const bool inside = from_y >= 0 && from_y < kHeight && unmoved >= 0 && unmoved < kWidth;
        out[static_cast<size_t>((y * kWidth + x) * kChannels + c)] =
            inside   ? in[(from_y * kWidth + from_x) * kChannels + c]
            : c == 0 ? -1.0f
                     : -2.0f;
      }
    }
  }
  return out;
}

TEST(AugmentationTest, NothingAskedForIsNoAugmentation) {
  const Images images;
  EXPECT_EQ(Make(images, 0, false), nullptr);
}

TEST(AugmentationTest, EveryShiftAndMirroringOccursEquallyOften) {
  const Images images;
  const auto augmentation = Make(images, 1, true);
  std::map<int, int> counts;
  constexpr int kEpochs = 1800;
  for (uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
    const std::vector<float> got = images.Augmented(augmentation.get(), epoch, {7}, 7);
    int found = 0;
    for (int kind = 0; kind < 18; ++kind) {
      if (got != Expected(images.row(7), kind / 2 % 3 - 1, kind / 6 - 1, kind % 2 == 1)) continue;
      ++counts[kind];
      ++found;
    }
    ASSERT_EQ(found, 1) << "in epoch " << epoch;
  }
  EXPECT_EQ(counts.size(), 18u);
  // 100 expected each, deviation 9.7.
  for (const auto& [kind, count] : counts) EXPECT_NEAR(count, 100, 45) << kind;
}

TEST(AugmentationTest, TheBatchAndTheThreadsDoNotShow) {
  const Images images;
  const auto augmentation = Make(images, 2, true);
  std::vector<uint32_t> all(kCount);
  for (uint32_t i = 0; i < kCount; ++i) all[i] = i;
  ThreadPool pool(3);
  for (const uint32_t n : {0u, 21u, 63u}) {
    const std::vector<float> alone = images.Augmented(augmentation.get(), 4, {n}, n);
    EXPECT_EQ(images.Augmented(augmentation.get(), 4, all, n), alone);
    EXPECT_EQ(images.Augmented(augmentation.get(), 4, all, n, &pool), alone);
  }
}

TEST(AugmentationTest, TheSeedTheEpochAndTheExampleDecide) {
  const Images images;
  const auto one = Make(images, 3, true, 1), same = Make(images, 3, true, 1), other = Make(images, 3, true, 2);
  int by_seed = 0, by_epoch = 0;
  for (uint32_t n = 0; n < kCount; ++n) {
    const std::vector<float> got = images.Augmented(one.get(), 0, {n}, n);
    EXPECT_EQ(images.Augmented(same.get(), 0, {n}, n), got);
    by_seed += images.Augmented(other.get(), 0, {n}, n) != got;
    by_epoch += images.Augmented(one.get(), 1, {n}, n) != got;
  }
  // Of 98 outcomes, two draws are the same one in 98 times.
  EXPECT_GT(by_seed, 50);
  EXPECT_GT(by_epoch, 50);
}

TEST(AugmentationTest, RefusesTablesAndShiftsBeyondTheImage) {
  const Images images;
  v1::Augmentation settings;
  settings.set_shift(4);
  EXPECT_EQ(Augmentation::Create(settings, 1, images.data(), 1).status().message(),
            "train.dataset.augmentation.shift: must be below the images' smaller side, 4, is 4");
  settings.set_shift(1);
  TrainingData table = images.data();
  table.image = {};
  EXPECT_THAT(std::string(Augmentation::Create(settings, 1, table, 1).status().message()),
              HasSubstr("train.dataset.augmentation: needs images"));
}

}  // namespace
}  // namespace basin::worker::train
