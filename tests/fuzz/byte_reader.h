#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace basin::tests::fuzz {

// Small values out of arbitrary bytes; zeros when they have run out.
class ByteReader {
 public:
  ByteReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  uint8_t Byte() {
    if (empty()) return 0;
    --size_;
    return *data_++;
  }
  // 0 .. n-1.
  uint64_t Below(uint64_t n) { return Byte() % n; }
  // A stretch, whose length the next two bytes say.
  std::string_view Piece() {
    const size_t wanted = Byte() + 256u * Byte();
    return Take(wanted);
  }
  std::string_view Rest() { return Take(size_); }

 private:
  std::string_view Take(size_t wanted) {
    const size_t taken = std::min(wanted, size_);
    const std::string_view piece(reinterpret_cast<const char*>(data_), taken);
    data_ += taken;
    size_ -= taken;
    return piece;
  }

  const uint8_t* data_;
  size_t size_;
};

}  // namespace basin::tests::fuzz
