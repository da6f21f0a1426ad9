#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace basin::client::format {

// A piece of a drawing by a pattern of printf: numbers and our own words only, 255 bytes at most.
template <typename... Args>
std::string Print(const char* pattern, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof(buffer), pattern, args...);
  return buffer;
}

// Any text as the content of an SVG or HTML element, not of an attribute; control characters as Printable shows them.
std::string Escaped(std::string_view text);

}  // namespace basin::client::format
