#pragma once

#include <string>
#include <string_view>

namespace basin::client::format {

enum class Color { kNone, kBold, kDim, kRed, kGreen, kYellow, kBlue, kCyan };

// `text` in a terminal's color; unchanged for kNone.
std::string Paint(std::string_view text, Color color);

}  // namespace basin::client::format
