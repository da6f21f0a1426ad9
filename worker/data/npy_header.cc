#include <algorithm>
#include <cctype>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/data/npy.h"

namespace basin::worker::data {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxDimensions = 32;  // NumPy's own limit.

// The literal of a Python dictionary with the three keys of the format, which may come in any order.
class HeaderReader {
 public:
  HeaderReader(const std::string& file, std::string_view text, size_t first_byte)
      : file_(file), text_(text), first_byte_(first_byte) {}

  struct Header {
    std::optional<std::string> descr;
    std::optional<bool> fortran_order;
    std::optional<std::vector<uint64_t>> shape;
  };

  absl::StatusOr<Header> Read() {
    Header header;
    if (!Take('{')) return Expected("{");
    while (!Take('}')) {
      const std::optional<std::string> key = TakeString();
      if (!key.has_value() || !Take(':')) return Expected("a key and ':'");
      bool fits = false;
      if (*key == "descr" && !header.descr) {
        fits = (header.descr = TakeString()).has_value();
      } else if (*key == "fortran_order" && !header.fortran_order) {
        fits = (header.fortran_order = TakeBool()).has_value();
      } else if (*key == "shape" && !header.shape) {
        fits = (header.shape = TakeShape()).has_value();
      }
      if (!fits) return Expected("descr with text, fortran_order with a truth value and shape with a tuple, once each");
      if (!Take(',') && !Peek('}')) return Expected("',' or '}'");
    }
    SkipSpace();
    if (at_ != text_.size()) return Expected("the header's end");
    if (!header.descr || !header.fortran_order || !header.shape) {
      return Damaged(file_, "its header lacks one of descr, fortran_order, shape");
    }
    return header;
  }

 private:
  absl::Status Expected(const std::string& what) const {
    return Damaged(file_, absl::StrCat("its header is not NPY's at byte ", first_byte_ + at_, ": expected ", what));
  }
  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool Peek(char c) {
    SkipSpace();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool Take(char c) {
    const bool there = Peek(c);
    if (there) ++at_;
    return there;
  }
  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string> TakeString() {
    SkipSpace();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') return std::nullopt;
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  std::optional<bool> TakeBool() {
    if (TakeWord("True")) return true;
    if (TakeWord("False")) return false;
    return std::nullopt;
  }
  std::optional<uint64_t> TakeNumber() {
    SkipSpace();
    const size_t begin = at_;
    uint64_t value = 0;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0; ++at_) {
      const auto digit = static_cast<uint64_t>(text_[at_] - '0');
      if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
      value = value * 10 + digit;
    }
    if (at_ == begin) return std::nullopt;
    return value;
  }
  std::optional<std::vector<uint64_t>> TakeShape() {
    std::vector<uint64_t> shape;
    if (!Take('(')) return std::nullopt;
    while (!Take(')')) {
      const std::optional<uint64_t> side = TakeNumber();
      if (!side.has_value() || shape.size() == kMaxDimensions) return std::nullopt;
      shape.push_back(*side);
      if (!Take(',') && !Peek(')')) return std::nullopt;
    }
    return shape;
  }

  const std::string& file_;
  const std::string_view text_;
  const size_t first_byte_;
  size_t at_ = 0;
};

absl::Status SetElementType(const std::string& file, const std::string& descr, NpyArray* array) {
  const std::string shown = absl::CHexEscape(descr.substr(0, 40));
  if (descr.size() == 3 && descr[0] == '>') {
    return Damaged(file,
                   absl::StrCat("is big-endian (", shown, "); save it with array.astype('<", shown.substr(1), "')"));
  }
  const bool known = descr.size() == 3 && (descr[0] == '<' || descr[0] == '|' || descr[0] == '=') &&
                     (((descr[1] == 'u' || descr[1] == 'i') &&
                       (descr[2] == '1' || descr[2] == '2' || descr[2] == '4' || descr[2] == '8')) ||
                      (descr[1] == 'f' && (descr[2] == '4' || descr[2] == '8')));
  if (!known) {
    return Damaged(file, absl::StrCat("has elements of type '", shown,
                                      "'; read are u1, u2, u4, u8, i1, i2, i4, i8, f4 and f8, little-endian"));
  }
  array->kind = descr[1];
  array->item_size = static_cast<size_t>(descr[2] - '0');
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NpyArray> ReadNpy(const NamedBytes& file) {
  const std::string_view bytes = file.bytes;
  if (bytes.substr(0, kMagic.size()) != kMagic) return Damaged(file.name, "does not start with NPY's magic bytes");
  constexpr size_t kVersionEnd = 8;
  if (bytes.size() < kVersionEnd) return Damaged(file.name, "is cut off in its header");
  const auto version = static_cast<uint8_t>(bytes[6]);
  if (version < 1 || version > 3)
    return Damaged(file.name, absl::StrCat("has version ", version, "; known are 1 to 3"));
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t header_begin = kVersionEnd + length_bytes;
  if (bytes.size() < header_begin) return Damaged(file.name, "is cut off in its header");
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) length = length << 8 | static_cast<uint8_t>(bytes[kVersionEnd + i]);
  if (bytes.size() - header_begin < length) {
    return Damaged(file.name, absl::StrCat("is cut off: its header should have ", length, " bytes, there are ",
                                           bytes.size() - header_begin));
  }
  auto header = HeaderReader(file.name, bytes.substr(header_begin, length), header_begin).Read();
  if (!header.ok()) return header.status();
  NpyArray array;
  if (absl::Status status = SetElementType(file.name, *header->descr, &array); !status.ok()) return status;
  if (*header->fortran_order && header->shape->size() > 1) {
    return Damaged(file.name, "is in Fortran order; save it with numpy.ascontiguousarray(array)");
  }
  array.shape = *std::move(header->shape);
  array.first_byte = header_begin + length;
  array.values = bytes.substr(array.first_byte);
  uint64_t needed = array.item_size;
  for (const uint64_t side : array.shape) {
    needed = side != 0 && needed > UINT64_MAX / side ? UINT64_MAX : needed * side;
  }
  if (array.values.size() != needed) {
    return Damaged(file.name, absl::StrCat(array.values.size() < needed ? "is cut off: " : "is too long: ",
                                           "its shape (", absl::StrJoin(array.shape, ", "), ") needs ", needed,
                                           " bytes after the header, there are ", array.values.size()));
  }
  return array;
}

}  // namespace basin::worker::data
