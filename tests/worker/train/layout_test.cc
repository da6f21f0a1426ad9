#include "worker/train/layers/layout.h"

#include "gtest/gtest.h"

namespace basin::worker::train {
namespace {

// Else one thread reads beyond its last example what another is writing.
TEST(LayoutTest, APacketAtTheLastChannelsStaysInItsExamplesRoom) {
  for (const int32_t channels : {1, 3, 8, 9, 16, 17, 33}) {
    for (const int32_t side : {1, 2, 5}) {
      for (const int32_t border : {0, 1, 2}) {
        const ImageShape shape{side, side, channels};
        const Layout layout = LayoutOf(shape, border);
        const int64_t last_pixel = layout.origin + (side - 1) * (layout.line + channels);
        for (const int64_t lanes : {4, 8, 16}) {
          const int64_t packet = (channels - 1) / lanes * lanes;
          EXPECT_LE(last_pixel + packet + lanes, layout.stride) << side << "x" << side << "x" << channels;
        }
        EXPECT_EQ(layout.stride % (2 * kLayoutLanes), kLayoutLanes);  // See Layout::stride.
      }
    }
  }
}

TEST(LayoutTest, WholePacketsOfChannelsNeedNoRoomMore) {
  EXPECT_EQ(LayoutOf({3, 3, 16}, 0).stride, 144);
  EXPECT_EQ(LayoutOf({1, 1, 112}, 0).stride, 112);
}

}  // namespace
}  // namespace basin::worker::train
