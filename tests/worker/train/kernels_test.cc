#include "worker/train/kernels/kernels.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "worker/train/aligned_buffer.h"

namespace basin::worker::train::kernels {
namespace {

struct Sizes {
  int64_t rows;
  int32_t depth, columns;
};
std::string NameOf(const testing::TestParamInfo<Sizes>& info) {
  return std::to_string(info.param.rows) + "x" + std::to_string(info.param.depth) + "x" +
         std::to_string(info.param.columns);
}

// The sums of AVX-512 have the bits of those of AVX2, on sizes that reach every tile and remainder of either. What the
// bits are, product_test and patch_product_test say of the fastest set that the machine has.
class KernelsTest : public testing::TestWithParam<Sizes> {
 protected:
  void SetUp() override {
    if (!HasAvx512()) GTEST_SKIP() << "this CPU has no AVX-512";
    const auto [rows, depth, columns] = GetParam();
    stride_ = (columns + 15) / 16 * 16;
    left_ = Random(rows * depth, 1);
    right_ = Random(int64_t{depth} * columns, 2);
    initial_ = Random(columns, 3);
    gates_ = Random(rows * stride_, 4);
    deltas_ = Random(rows * stride_, 5);
    for (int64_t i = 0; i < rows; ++i) {
      pointers_.push_back(left_.data() + i * depth);
      left_places_.push_back(static_cast<int32_t>(i * depth));
      out_places_.push_back(static_cast<int32_t>(i * columns));
    }
    for (int32_t d = 0; d < depth; ++d) elements_.push_back(d);
  }

  static AlignedBuffer<float> Random(int64_t count, uint64_t stream_number) {
    contract::RandomStream stream(7, contract::RandomPurpose::kSplit, stream_number);
    AlignedBuffer<float> values(static_cast<size_t>(count));
    for (float& value : values.span()) value = static_cast<float>(stream.NextNormal());
    return values;
  }

  // Both sets write over the same `count` random numbers with `rows` rows of `columns`, `stride` apart.
  template <typename Product>
  void ExpectSameBits(int64_t count, int64_t rows, int64_t stride, const Product& product) {
    AlignedBuffer<float> narrow = Random(count, 6), wide = Random(count, 6);
    product(Kernels256<float>(), narrow.data());
    product(Kernels512(), wide.data());
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < GetParam().columns; ++j) {
        ASSERT_EQ(narrow[static_cast<size_t>(i * stride + j)], wide[static_cast<size_t>(i * stride + j)])
            << i << ", " << j;
      }
    }
  }

  static constexpr Finish kFinishes[] = {Finish::kNone, Finish::kRelu, Finish::kReluGate, Finish::kTanhGate};

  int64_t stride_ = 0;
  AlignedBuffer<float> left_, right_, initial_, gates_, deltas_;
  std::vector<const float*> pointers_;
  std::vector<int32_t> left_places_, out_places_, elements_;
};

TEST_P(KernelsTest, Rows) {
  const auto [rows, depth, columns] = GetParam();
  for (const Finish finish : kFinishes) {
    for (const bool accumulate : {false, true}) {
      ExpectSameBits(rows * stride_, rows, stride_, [&, rows = rows](const Kernels<float>& kernels, float* out) {
        kernels.multiply_rows(pointers_.data(), rows, {right_.data(), columns, depth, columns},
                              {accumulate ? nullptr : initial_.data(), accumulate}, finish, gates_.data(),
                              {out, stride_});
      });
    }
  }
}

TEST_P(KernelsTest, Transposed) {
  const auto [rows, depth, columns] = GetParam();
  for (const bool accumulate : {false, true}) {
    ExpectSameBits(int64_t{depth} * columns, depth, columns,
                   [&, rows = rows](const Kernels<float>& kernels, float* out) {
                     kernels.multiply_transposed(pointers_.data(), rows, deltas_.data(), stride_, columns, 0, depth,
                                                 accumulate, out);
                   });
  }
}

TEST_P(KernelsTest, Patches) {
  const auto [rows, depth, columns] = GetParam();
  AlignedBuffer<float> panels(static_cast<size_t>(PackedSize<float>(depth, columns)));
  const Matrix<float> packed = Pack<float>({right_.data(), columns, depth, columns}, panels.data());
  for (const Finish finish : kFinishes) {
    for (const bool accumulate : {false, true}) {
      ExpectSameBits(rows * columns, rows, columns, [&, rows = rows](const Kernels<float>& kernels, float* out) {
        kernels.multiply_patches({left_.data(), left_places_.data()}, rows, elements_, packed,
                                 {accumulate ? nullptr : initial_.data(), accumulate}, finish,
                                 {gates_.data(), out_places_.data()}, {out, out_places_.data()});
      });
    }
  }
}

TEST_P(KernelsTest, TransposedPatches) {
  const auto [rows, depth, columns] = GetParam();
  for (const bool accumulate : {false, true}) {
    ExpectSameBits(
        int64_t{depth} * columns, depth, columns, [&, rows = rows](const Kernels<float>& kernels, float* out) {
          kernels.multiply_transposed_patches({left_.data(), left_places_.data()}, rows, elements_,
                                              {deltas_.data(), out_places_.data()}, columns, accumulate, out);
        });
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, KernelsTest,
                         testing::Values(Sizes{1, 1, 1}, Sizes{1, 30, 140}, Sizes{2, 13, 130}, Sizes{3, 5, 110},
                                         Sizes{4, 9, 65}, Sizes{5, 17, 48}, Sizes{6, 40, 64}, Sizes{7, 300, 16},
                                         Sizes{11, 25, 32}, Sizes{12, 26, 31}, Sizes{13, 27, 33}, Sizes{25, 12, 10},
                                         Sizes{300, 97, 7}, Sizes{129, 100, 80}),
                         NameOf);

struct TileSizes {
  int32_t height, width, channels;
};

std::string TileNameOf(const testing::TestParamInfo<TileSizes>& info) {
  return std::to_string(info.param.height) + "x" + std::to_string(info.param.width) + "x" +
         std::to_string(info.param.channels);
}

// The transforms of tiles, in the same way.
class TileKernelsTest : public testing::TestWithParam<TileSizes> {
 protected:
  static std::vector<float> Random(int64_t count, uint64_t stream_number) {
    contract::RandomStream stream(7, contract::RandomPurpose::kSplit, stream_number);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = static_cast<float>(stream.NextNormal());
    return values;
  }
};

TEST_P(TileKernelsTest, HaveTheSameBits) {
  if (!HasAvx512()) GTEST_SKIP() << "this CPU has no AVX-512";
  const auto [height, width, channels] = GetParam();
  const int64_t line = (width + 2) * channels, size = (height + 2) * line + 16;
  const int64_t stride = (channels + 15) / 16 * 16, tiles = TileRun::TilesOf(height, width), plane = tiles * stride;
  const TileRun run{height, width, 0, tiles};
  const std::vector<float> image = Random(size, 1), initial = Random(channels + 16, 2), gates = Random(size, 3);
  const PixelRows<const float> pixels{image.data(), line, channels};
  const auto planes_of = [&](const Kernels<float>& kernels, auto transform) {
    std::vector<float> planes(static_cast<size_t>(kWinogradPlaces * plane), 0.0f);
    transform(kernels)(pixels, channels, run, {planes.data(), plane, stride});
    for (size_t i = 0; i < planes.size(); ++i) {
      if (static_cast<int64_t>(i) % stride >= channels) planes[i] = 0;
    }
    return planes;
  };
  const auto windows = [](const Kernels<float>& kernels) { return kernels.transform_windows; };
  const auto deltas = [](const Kernels<float>& kernels) { return kernels.transform_deltas; };
  const std::vector<float> planes = planes_of(Kernels256<float>(), windows);
  EXPECT_EQ(planes, planes_of(Kernels512(), windows));
  EXPECT_EQ(planes_of(Kernels256<float>(), deltas), planes_of(Kernels512(), deltas));
  for (const Finish finish : {Finish::kNone, Finish::kRelu, Finish::kReluGate, Finish::kTanhGate}) {
    for (const bool accumulate : {false, true}) {
      const auto outputs = [&, channels = channels](const Kernels<float>& kernels) {
        std::vector<float> out = Random(size, 4);
        kernels.transform_outputs({planes.data(), plane, stride}, channels, run,
                                  {accumulate ? nullptr : initial.data(), accumulate}, finish,
                                  {gates.data(), line, channels}, {out.data(), line, channels});
        return out;
      };
      EXPECT_EQ(outputs(Kernels256<float>()), outputs(Kernels512()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, TileKernelsTest,
                         testing::Values(TileSizes{8, 8, 16}, TileSizes{7, 9, 33}, TileSizes{1, 2, 8},
                                         TileSizes{5, 4, 31}, TileSizes{3, 3, 7}),
                         TileNameOf);

}  // namespace
}  // namespace basin::worker::train::kernels
