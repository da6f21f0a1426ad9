#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace basin::worker::train {

// A fixed number of elements, 64-byte aligned, zero at first, followed by kPadding readable elements, so that a kernel
// may load whole packets at the end. Throws std::bad_alloc when there is no memory.
template <typename T>
class AlignedBuffer {
 public:
  static constexpr size_t kPadding = 16;

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : size_(size) {
    if (size > (size_t{1} << 60) / sizeof(T)) throw std::bad_alloc();
    data_.reset(static_cast<T*>(::operator new ((size + kPadding) * sizeof(T), std::align_val_t{64})));
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
  struct Free {
    void operator()(T* data) const { ::operator delete (data, std::align_val_t{64}); }
  };
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0;
};

}  // namespace basin::worker::train
