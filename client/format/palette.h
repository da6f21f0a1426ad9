#pragma once

#include <cstddef>
#include <iterator>

namespace basin::client::format {

// Colors that readers with any color vision tell apart (Okabe & Ito 2008, without the yellow).
inline constexpr const char* kColors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
inline constexpr size_t kColorCount = std::size(kColors);

}  // namespace basin::client::format
