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
// `begin` and `end` are what the horizontal axis begins and ends with, the latter a number and its unit. What is above
// the scale's low end is always seen; a NaN is an empty column.
std::string TextPlot(const std::vector<double>& columns, size_t height, const AxisScale& scale, const std::string& end,
                     const std::string& begin = "0");

}  // namespace basin::client::format
