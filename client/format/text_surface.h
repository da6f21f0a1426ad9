#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/format/axis_scale.h"

namespace basin::client::format {

// A surface seen from above, in shades, the darker the higher, and from what value on each shade stands:
//
//      1 ▓▓▓▓██
//        ░░▒o▒▒
//     -1     ░░
//        -2   2
//     0 [  ]  2 [░░]  4 [▒▒]  6 [▓▓]  8 [██]  10
//
// `values` are those of rows of `xs.size()`, row-major, for ascending ys, which are drawn upwards. Each place is two
// cells wide. NaN and infinities are `×`. Where x and y are nearest to zero stands `o`. A surface of more than `most`
// rows or columns is thinned evenly. REQUIRES: ascending xs and ys, two or more each.
std::string TextSurface(const std::vector<double>& xs, const std::vector<double>& ys, const std::vector<double>& values,
                        const AxisScale& scale, size_t most);

}  // namespace basin::client::format
