#include "client/format/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace basin::client::format {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Span {
  char32_t first, last;
};

// Marks and joiners that take no cell of their own.
constexpr std::array<Span, 12> kZeroWidth = {{{0x0300, 0x036F},
                                              {0x0483, 0x0489},
                                              {0x0591, 0x05BD},
                                              {0x0610, 0x061A},
                                              {0x064B, 0x065F},
                                              {0x1AB0, 0x1AFF},
                                              {0x1DC0, 0x1DFF},
                                              {0x200B, 0x200F},
                                              {0x2060, 0x2064},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE0F},
                                              {0xFE20, 0xFE2F}}};

// East Asian Wide and Fullwidth (UAX #11), in broad strokes.
constexpr std::array<Span, 13> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0x33FF},
                                         {0x3400, 0x4DBF},
                                         {0x4E00, 0x9FFF},
                                         {0xA000, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1F64F},
                                         {0x1F900, 0x1F9FF},
                                         {0x20000, 0x3FFFD}}};

template <size_t n>
bool In(const std::array<Span, n>& spans, char32_t c) {
  for (const Span& span : spans) {
    if (c >= span.first && c <= span.last) return true;
  }
  return false;
}

size_t CharacterWidth(char32_t c) {
  if (c < 0x300) return 1;
  if (In(kZeroWidth, c)) return 0;
  return In(kWide, c) ? 2 : 1;
}

bool IsControl(char32_t c) {
  // Also the marks that turn the direction of writing: they could make a line read as what it is not.
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string EscapeControl(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  static constexpr char kHex[] = "0123456789abcdef";
  if (c < 0x100) return std::string("\\x") + kHex[c >> 4] + kHex[c & 15];
  return std::string("\\u") + kHex[(c >> 12) & 15] + kHex[(c >> 8) & 15] + kHex[(c >> 4) & 15] + kHex[c & 15];
}

}  // namespace

char32_t NextCharacter(std::string_view text, size_t* position) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(*position);
  int extra;
  char32_t c;
  if (lead < 0x80) {
    ++*position;
    return lead;
  } else if (lead >= 0xC2 && lead < 0xE0) {
    extra = 1, c = lead & 0x1F;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    extra = 2, c = lead & 0x0F;
  } else if (lead >= 0xF0 && lead < 0xF5) {
    extra = 3, c = lead & 0x07;
  } else {
    ++*position;
    return kReplacement;
  }
  for (int i = 1; i <= extra; ++i) {
    if (*position + i >= text.size() || (byte(*position + i) & 0xC0) != 0x80) {
      ++*position;
      return kReplacement;
    }
    c = (c << 6) | (byte(*position + i) & 0x3F);
  }
  const bool overlong = (extra == 2 && c < 0x800) || (extra == 3 && c < 0x10000);
  if (overlong || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
    ++*position;
    return kReplacement;
  }
  *position += extra + 1;
  return c;
}

size_t TextWidth(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) width += CharacterWidth(NextCharacter(text, &at));
  return width;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = NextCharacter(text, &at);
    if (IsControl(c)) {
      out += EscapeControl(c);
    } else if (c == kReplacement) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(begin, at - begin);
    }
  }
  return out;
}

std::string PrintableLines(std::string_view text) {
  std::string out;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) out += '\n';
    out += Printable(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::string Shorten(std::string_view text, size_t width) {
  if (TextWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t used = 0, at = 0, end = 0;
  while (at < text.size()) {
    used += CharacterWidth(NextCharacter(text, &at));
    if (used > width - 1) break;
    end = at;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace basin::client::format
