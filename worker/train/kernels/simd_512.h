#pragma once

#include <immintrin.h>

#include <cstdint>

namespace basin::worker::train::kernels {

// AVX-512: thirty-two registers of 16 floats. Members mean what they mean in Simd256. Included by kernels_512.cc alone,
// the one source that is built for it.
struct Simd512 {
  using Scalar = float;
  using Packet = __m512;
  static constexpr int kLanes = 16;

  static constexpr int MaxRows(int packets) { return packets <= 2 ? 12 : 6; }
  static constexpr int MaxPackets(int rows) { return rows <= 2 ? 8 : rows == 3 ? 6 : rows <= 6 ? 4 : 2; }

  // A packet is used by so many rows that the second-level cache feeds it in time: nothing is cut into blocks.
  static constexpr int64_t kGradientBlockRows = int64_t{1} << 40;
  static constexpr int32_t kPatchBlockDepth = 1 << 30;
  static constexpr int kPatchPackets = 4;
  static constexpr int kGradientPackets = 4;

  [[gnu::always_inline]] static Packet Load(const float* from) { return _mm512_loadu_ps(from); }
  [[gnu::always_inline]] static void Store(float* to, Packet x) { _mm512_storeu_ps(to, x); }
  [[gnu::always_inline]] static Packet Broadcast(float x) { return _mm512_set1_ps(x); }
  [[gnu::always_inline]] static Packet Add(Packet a, Packet b) { return _mm512_add_ps(a, b); }
  [[gnu::always_inline]] static Packet Multiply(Packet a, Packet b) { return _mm512_mul_ps(a, b); }
  [[gnu::always_inline]] static Packet Subtract(Packet a, Packet b) { return _mm512_sub_ps(a, b); }
  [[gnu::always_inline]] static Packet MultiplyAdd(Packet a, Packet b, Packet c) { return _mm512_fmadd_ps(a, b, c); }
  [[gnu::always_inline]] static Packet WherePositive(Packet y, Packet x) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(_mm512_setzero_ps(), y, _CMP_LT_OQ), x);
  }
  [[gnu::always_inline]] static Packet Relu(Packet x) {
    return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), _mm512_setzero_ps());
  }
  [[gnu::always_inline]] static Packet LoadFirst(const float* from, int count) {
    return _mm512_maskz_loadu_ps(FirstLanes(count), from);
  }
  [[gnu::always_inline]] static void StoreFirst(float* to, Packet x, int count) {
    _mm512_mask_storeu_ps(to, FirstLanes(count), x);
  }

 private:
  [[gnu::always_inline]] static __mmask16 FirstLanes(int count) { return static_cast<__mmask16>((1u << count) - 1); }
};

}  // namespace basin::worker::train::kernels
