#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace basin::client::format {

// Terminal cells that a UTF-8 text takes: combining marks none, East Asian wide characters and emoji two. A byte that
// is not UTF-8 counts one, as the replacement character that stands for it.
size_t TextWidth(std::string_view text);

// The text made harmless for a terminal: control characters as escapes (`\n`, `\x1b`), bytes that are not UTF-8 as
// U+FFFD.
std::string Printable(std::string_view text);

// The same for text of several lines: its line feeds stay.
std::string PrintableLines(std::string_view text);

// The text, or its beginning and an ellipsis, in at most `width` cells. REQUIRES: printable.
std::string Shorten(std::string_view text, size_t width);

// Decodes the character at `*position` and moves past it; U+FFFD, one byte further, where the bytes are not UTF-8.
// REQUIRES: *position < text.size().
char32_t NextCharacter(std::string_view text, size_t* position);

}  // namespace basin::client::format
