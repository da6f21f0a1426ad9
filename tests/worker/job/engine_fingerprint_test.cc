#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker/job/job.h"
#include "worker/job/weights_digest.h"

namespace basin::worker::job {
namespace {

TEST(EngineFingerprintTest, IsADigestThatStaysTheSame) {
  EXPECT_THAT(EngineFingerprint(), testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(EngineFingerprint(), EngineFingerprint());
}

TEST(WeightsDigestTest, IsOverTheFloatsInLittleEndian) {
  // printf '\x00\x00\x80\x3f\x00\x00\x00\xc0' | sha256sum
  const std::vector<float> params = {1.0f, -2.0f};
  EXPECT_EQ(WeightsDigest(params), "ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b");
}

}  // namespace
}  // namespace basin::worker::job
