#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "worker/train/image_shape.h"

namespace basin::worker::train {

// The lanes of the widest packet. One that begins at an example's last channels ends within the example's own room,
// since another thread may write the next example meanwhile.
inline constexpr int64_t kLayoutLanes = 16;

// How an image with a border lies in memory, in elements.
struct Layout {
  int64_t line;    // From a row of the image to the next.
  int64_t stride;  // From an example to the next: an odd multiple of kLayoutLanes.
  int64_t origin;  // Of the first pixel, from the example's first element.
};

inline Layout LayoutOf(const ImageShape& shape, int32_t border) {
  const int64_t line = (shape.width + 2 * int64_t{border}) * shape.channels;
  const auto rounded = [](int64_t size) { return (size + kLayoutLanes - 1) / kLayoutLanes * kLayoutLanes; };
  const int64_t size = (shape.height + 2 * int64_t{border}) * line - shape.channels + rounded(shape.channels);
  // Of floats an odd number of cache lines: the same places of several examples then share no set of a cache.
  return {line, rounded(size) | kLayoutLanes, border * (line + shape.channels)};
}

// An image as stretches of consecutive elements: its rows, or one stretch where nothing lies between them.
struct Stretches {
  int64_t count, length;
};

// For values of `shape` whose rows are `lines` apart.
inline Stretches StretchesOf(const ImageShape& shape, std::initializer_list<int64_t> lines) {
  const int64_t length = int64_t{shape.width} * shape.channels;
  const bool gapless = std::all_of(lines.begin(), lines.end(), [&](int64_t line) { return line == length; });
  return gapless ? Stretches{1, length * shape.height} : Stretches{shape.height, length};
}

}  // namespace basin::worker::train
