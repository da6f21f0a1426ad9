#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/format/axis_scale.h"

namespace basin::client::format {

// Columns as high as their values, in `height` lines, with both axes:
//
//     0.05 ┤██▆▄▂
//          ┤█████▇▅▃▁
//        0 ┼──────────
//          0         4 epochs
//
// `end` is what the horizontal axis ends with, a number and its unit. What is above the scale's low end is always seen;
// a NaN is an empty column.
std::string TextPlot(const std::vector<double>& columns, size_t height, const AxisScale& scale, const std::string& end);

}  // namespace basin::client::format
