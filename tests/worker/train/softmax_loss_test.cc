#include "worker/train/softmax_loss.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "worker/train/aligned_buffer.h"

namespace basin::worker::train {
namespace {

constexpr int kRows = 70;  // More than a block of the implementation.

// For the numbers of classes below and above a packet and a block of packets.
class SoftmaxLossTest : public testing::TestWithParam<int> {
 protected:
  SoftmaxLossTest() : classes_(GetParam()), stride_((classes_ + 15) / 16 * 16), logits_(kRows * stride_) {
    contract::RandomStream stream(3, contract::RandomPurpose::kSplit, classes_);
    for (double& value : logits_.span()) value = 3 * stream.NextNormal();  // The padding, too.
    for (int i = 0; i < kRows; ++i) labels_.push_back(static_cast<int32_t>(stream.NextBelow(classes_)));
  }
  // By the definition.
  double ExpectedLoss(const double* row, int label) const {
    double sum = 0;
    for (int c = 0; c < classes_; ++c) sum += std::exp(row[c]);
    return std::log(sum) - row[label];
  }
  AlignedBuffer<double> CopyOfLogits() const {
    AlignedBuffer<double> copy(logits_.size());
    std::copy(logits_.span().begin(), logits_.span().end(), copy.data());
    return copy;
  }
  const int classes_, stride_;
  AlignedBuffer<double> logits_;
  std::vector<int32_t> labels_;
};

TEST_P(SoftmaxLossTest, LossIsTheDefinition) {
  double losses[kRows];
  uint8_t correct[kRows];
  SoftmaxCrossEntropy(logits_.data(), stride_, labels_.data(), kRows, classes_, losses, correct);
  for (int i = 0; i < kRows; ++i) {
    EXPECT_NEAR(losses[i], ExpectedLoss(logits_.data() + i * stride_, labels_[i]), 1e-13);
  }
}

TEST_P(SoftmaxLossTest, GradientAgreesWithFiniteDifferences) {
  const double scale = 0.25, h = 1e-5;
  double losses[kRows];
  AlignedBuffer<double> gradient = CopyOfLogits();
  SoftmaxCrossEntropyGradient(gradient.data(), stride_, labels_.data(), kRows, classes_, 0.0, scale, losses);
  for (int i = 0; i < kRows; ++i) {
    double* row = logits_.data() + i * stride_;
    EXPECT_NEAR(losses[i], ExpectedLoss(row, labels_[i]), 1e-13);
    for (int c = 0; c < classes_; ++c) {
      const double z = row[c];
      row[c] = z + h;
      const double above = ExpectedLoss(row, labels_[i]);
      row[c] = z - h;
      const double below = ExpectedLoss(row, labels_[i]);
      row[c] = z;
      EXPECT_NEAR(gradient[i * stride_ + c], scale * (above - below) / (2 * h), 1e-9) << "row " << i << " class " << c;
    }
  }
}

TEST_P(SoftmaxLossTest, CorrectIsTheFirstGreatestLogit) {
  std::vector<uint8_t> correct(kRows);
  std::vector<double> losses(kRows);
  for (int i = 0; i < kRows; ++i) {
    double* row = logits_.data() + i * stride_;
    row[classes_ / 2] = row[classes_ - 1] = 100;
    labels_[i] = i % 2 == 0 ? classes_ / 2 : classes_ - 1;
  }
  SoftmaxCrossEntropy(logits_.data(), stride_, labels_.data(), kRows, classes_, losses.data(), correct.data());
  for (int i = 0; i < kRows; ++i) EXPECT_EQ(correct[i], labels_[i] == classes_ / 2) << i;
}

TEST_P(SoftmaxLossTest, ProbabilitiesAreTheDefinition) {
  AlignedBuffer<double> probabilities = CopyOfLogits();
  Softmax(probabilities.data(), stride_, kRows, classes_);
  for (int i = 0; i < kRows; ++i) {
    for (int c = 0; c < classes_; ++c) {
      EXPECT_NEAR(probabilities[i * stride_ + c], std::exp(-ExpectedLoss(logits_.data() + i * stride_, c)), 1e-14);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Classes, SoftmaxLossTest, testing::Values(2, 3, 4, 8, 10, 16, 33, 100),
                         [](const auto& test_case) { return std::to_string(test_case.param); });

TEST(SoftmaxLossOfBadLogitsTest, HugeLogitsDoNotOverflow) {
  AlignedBuffer<float> logits(16);
  logits[0] = 1e30f, logits[1] = -1e30f;
  const int32_t label = 0;
  float loss;
  uint8_t correct;
  SoftmaxCrossEntropy(logits.data(), 16, &label, 1, 3, &loss, &correct);
  EXPECT_EQ(loss, 0);
  EXPECT_TRUE(correct);
}

// Of any class, the label's or another.
TEST(SoftmaxLossOfBadLogitsTest, ALogitThatIsNotFiniteShowsInTheLossAndTheProbabilities) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const float bad : {std::nanf(""), inf, -inf}) {
    for (int place = 0; place < 10; ++place) {
      AlignedBuffer<float> logits(16);
      logits[place] = bad;
      const int32_t label = 4;
      float loss, loss_with_gradient;
      uint8_t correct;
      SoftmaxCrossEntropy(logits.data(), 16, &label, 1, 10, &loss, &correct);
      SoftmaxCrossEntropyGradient(logits.data(), 16, &label, 1, 10, 0.0f, 1.0f, &loss_with_gradient);
      EXPECT_FALSE(std::isfinite(loss)) << bad << " at " << place;
      EXPECT_FALSE(std::isfinite(loss_with_gradient)) << bad << " at " << place;

      AlignedBuffer<float> probabilities(16);
      probabilities[place] = bad;
      Softmax(probabilities.data(), 16, 1, 10);
      EXPECT_TRUE(std::isnan(probabilities[0])) << bad << " at " << place;
    }
  }
}

}  // namespace
}  // namespace basin::worker::train
