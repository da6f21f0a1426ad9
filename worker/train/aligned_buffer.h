#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace basin::worker::train {

// A fixed number of elements, 64-byte aligned, zero at first, followed by kPadding readable elements, so that a kernel
// may load whole packets at the end. Long buffers ask the system for huge pages: batches are gathered from anywhere in
// a data set. Throws std::bad_alloc when there is no memory.
template <typename T>
class AlignedBuffer {
 public:
  static constexpr size_t kPadding = 16;

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : size_(size) {
    if (size > (size_t{1} << 60) / sizeof(T)) throw std::bad_alloc();
    const size_t bytes = (size + kPadding) * sizeof(T);
    const bool is_long = bytes >= kHugePage;
    data_ = {static_cast<T*>(::operator new(bytes, AlignmentOf(is_long))), Free{is_long}};
    if (is_long) madvise(data_.get(), bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // A wish: it may be refused.
    std::fill_n(data_.get(), size + kPadding, T(0));
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }
  T& operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }

 private:
  static constexpr size_t kHugePage = size_t{2} << 20;

  static std::align_val_t AlignmentOf(bool is_long) { return std::align_val_t{is_long ? kHugePage : 64}; }

  struct Free {
    bool is_long = false;

    void operator()(T* data) const { ::operator delete(data, AlignmentOf(is_long)); }
  };
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0;
};

}  // namespace basin::worker::train
