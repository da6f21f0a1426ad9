#include "client/format/color.h"

namespace basin::client::format {
namespace {

std::string_view Code(Color color) {
  switch (color) {
    case Color::kNone:
      return "";
    case Color::kBold:
      return "\x1b[1m";
    case Color::kDim:
      return "\x1b[2m";
    case Color::kRed:
      return "\x1b[31m";
    case Color::kGreen:
      return "\x1b[32m";
    case Color::kYellow:
      return "\x1b[33m";
    case Color::kBlue:
      return "\x1b[34m";
    case Color::kCyan:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

std::string Paint(std::string_view text, Color color) {
  if (color == Color::kNone || text.empty()) return std::string(text);
  std::string out(Code(color));
  out += text;
  out += "\x1b[0m";
  return out;
}

}  // namespace basin::client::format
