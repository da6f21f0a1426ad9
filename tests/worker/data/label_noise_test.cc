#include "worker/data/label_noise.h"

#include <vector>

#include "gtest/gtest.h"

namespace basin::worker::data {
namespace {

constexpr int32_t kClasses = 5;

std::vector<int32_t> Sound() {
  std::vector<int32_t> labels(1000);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int32_t>(i % kClasses);
  return labels;
}

std::vector<int32_t> Noisy(double fraction, uint64_t seed = 7) {
  std::vector<int32_t> labels = Sound();
  AddLabelNoise(fraction, kClasses, seed, labels);
  return labels;
}

int Changed(const std::vector<int32_t>& labels) {
  const std::vector<int32_t> sound = Sound();
  int changed = 0;
  for (size_t i = 0; i < labels.size(); ++i) changed += labels[i] != sound[i];
  return changed;
}

TEST(LabelNoiseTest, ChangesExactlyItsShare) {
  EXPECT_EQ(Changed(Noisy(0)), 0);
  EXPECT_EQ(Changed(Noisy(0.1)), 100);
  EXPECT_EQ(Changed(Noisy(0.3004)), 300);
  EXPECT_EQ(Changed(Noisy(1)), 1000);
}

TEST(LabelNoiseTest, AllOtherClassesAreEquallyLikely) {
  const std::vector<int32_t> sound = Sound(), noisy = Noisy(1);
  std::vector<int> shifts(kClasses, 0);
  for (size_t i = 0; i < noisy.size(); ++i) ++shifts[static_cast<size_t>((noisy[i] - sound[i] + kClasses) % kClasses)];
  EXPECT_EQ(shifts[0], 0);
  // 250 expected, deviation 13.7.
  for (int shift = 1; shift < kClasses; ++shift) EXPECT_NEAR(shifts[static_cast<size_t>(shift)], 250, 55) << shift;
}

TEST(LabelNoiseTest, TheWrongLabelsOfASmallerShareAreAmongThoseOfALarger) {
  const std::vector<int32_t> sound = Sound(), few = Noisy(0.1), many = Noisy(0.4);
  for (size_t i = 0; i < few.size(); ++i) {
    EXPECT_TRUE(few[i] == sound[i] || few[i] == many[i]) << i;
  }
}

TEST(LabelNoiseTest, DependsOnTheSeed) {
  EXPECT_EQ(Noisy(0.2, 1), Noisy(0.2, 1));
  EXPECT_NE(Noisy(0.2, 1), Noisy(0.2, 2));
}

}  // namespace
}  // namespace basin::worker::data
