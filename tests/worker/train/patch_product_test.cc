#include "worker/train/patch_product.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "worker/train/aligned_buffer.h"

namespace basin::worker::train {
namespace {

template <typename T>
AlignedBuffer<T> Random(int64_t count, uint64_t stream_number) {
  contract::RandomStream stream(7, contract::RandomPurpose::kSplit, stream_number);
  AlignedBuffer<T> values(static_cast<size_t>(count));
  for (T& value : values.span()) value = static_cast<T>(stream.NextNormal());
  return values;
}

// A convolution of `taps` x `taps` over images of `size` x `size` pixels of `channels`, with a border that keeps the
// size, and what every kernel is told of it.
struct Case {
  int images, size, taps, channels, outputs;

  int border() const { return taps / 2; }
  int line() const { return (size + 2 * border()) * channels; }
  int image() const { return (size + 2 * border()) * line(); }
  int rows() const { return images * size * size; }
  int depth() const { return taps * taps * channels; }

  // Where the patch of each output begins.
  std::vector<int32_t> PatchOffsets() const {
    std::vector<int32_t> offsets;
    for (int n = 0; n < images; ++n) {
      for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) offsets.push_back(n * image() + y * line() + x * channels);
      }
    }
    return offsets;
  }
  // Rows of `outputs` elements, in an order that is not the order of the patches.
  std::vector<int32_t> OutputOffsets() const {
    std::vector<int32_t> offsets(rows());
    for (int i = 0; i < rows(); ++i) offsets[i] = (rows() - 1 - i) * outputs;
    return offsets;
  }
  std::vector<int32_t> Elements() const {
    std::vector<int32_t> elements;
    for (int d = 0; d < depth(); ++d) elements.push_back(Place(0, d));
    return elements;
  }
  // Element d of the patch at `offset`, by the definition of a convolution.
  int32_t Place(int32_t offset, int d) const {
    const int channel = d % channels, x = d / channels % taps, y = d / channels / taps;
    return offset + y * line() + x * channels + channel;
  }
};

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  return std::to_string(c.images) + "x" + std::to_string(c.size) + "x" + std::to_string(c.size) + "x" +
         std::to_string(c.channels) + "_by" + std::to_string(c.taps) + "_to" + std::to_string(c.outputs);
}

// Each kernel against the double loop that defines it, with the same chain of multiply-adds: the bits must agree.
class PatchProductTest : public testing::TestWithParam<Case> {
 protected:
  template <typename T>
  void ExpectProduct(Finish finish, bool accumulate, bool packed) {
    const Case& c = GetParam();
    const auto pixels = Random<T>(c.images * c.image(), 1), weights = Random<T>(c.depth() * c.outputs, 2);
    const auto bias = Random<T>(c.outputs, 3), gates = Random<T>(c.rows() * c.outputs, 4);
    auto out = Random<T>(c.rows() * c.outputs, 5);
    std::vector<T> expected(out.span().begin(), out.span().end());
    const auto patches = c.PatchOffsets(), places = c.OutputOffsets();
    const auto elements = c.Elements();
    AlignedBuffer<T> panels(static_cast<size_t>(PackedSize<T>(c.depth(), c.outputs)));
    Matrix<T> matrix{weights.data(), c.outputs, c.depth(), c.outputs};
    if (packed) matrix = Pack(matrix, panels.data());
    const bool gated = finish == Finish::kReluGate || finish == Finish::kTanhGate;
    for (int i = 0; i < c.rows(); ++i) {
      for (int j = 0; j < c.outputs; ++j) {
        T& value = expected[places[i] + j];
        T sum = accumulate ? value : bias[j];
        for (int d = 0; d < c.depth(); ++d) {
          sum = std::fma(pixels[c.Place(patches[i], d)], weights[d * c.outputs + j], sum);
        }
        const T gate = gates[places[i] + j];
        if (finish == Finish::kRelu) sum = sum < 0 ? 0 : sum;
        if (finish == Finish::kReluGate) sum = gate > 0 ? sum : 0;
        if (finish == Finish::kTanhGate) sum *= 1 - gate * gate;
        value = sum;
      }
    }
    const ScatteredRows<const T> gate_rows{gated ? gates.data() : nullptr, gated ? places.data() : nullptr};
    MultiplyPatches<T>({pixels.data(), patches.data()}, c.rows(), elements, matrix,
                       {.initial = accumulate ? nullptr : bias.data(), .accumulate = accumulate}, finish, gate_rows,
                       {out.data(), places.data()});
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(out[i], expected[i]) << i;
  }

  template <typename T>
  void ExpectTransposedProduct(bool accumulate) {
    const Case& c = GetParam();
    const auto pixels = Random<T>(c.images * c.image(), 1), deltas = Random<T>(c.rows() * c.outputs, 2);
    auto result = Random<T>(c.depth() * c.outputs, 3), bias = Random<T>(c.outputs, 4);
    const auto patches = c.PatchOffsets(), places = c.OutputOffsets();
    const auto elements = c.Elements();
    const std::vector<T> old(result.span().begin(), result.span().end()),
        old_bias(bias.data(), bias.data() + c.outputs);
    MultiplyTransposedPatches<T>({pixels.data(), patches.data()}, c.rows(), elements, {deltas.data(), places.data()},
                                 c.outputs, accumulate, result.data());
    SumScatteredRows<T>({deltas.data(), places.data()}, c.rows(), c.outputs, accumulate, bias.data());
    for (int j = 0; j < c.outputs; ++j) {
      for (int d = 0; d < c.depth(); ++d) {
        T sum = 0;
        for (int i = 0; i < c.rows(); ++i) {
          sum = std::fma(pixels[c.Place(patches[i], d)], deltas[places[i] + j], sum);
        }
        ASSERT_EQ(result[d * c.outputs + j], accumulate ? old[d * c.outputs + j] + sum : sum) << d << ", " << j;
      }
      T sum = 0;
      for (int i = 0; i < c.rows(); ++i) sum += deltas[places[i] + j];
      ASSERT_EQ(bias[j], accumulate ? old_bias[j] + sum : sum) << j;
    }
  }
};

TEST_P(PatchProductTest, PatchesMultiply) {
  for (const Finish finish : {Finish::kNone, Finish::kRelu, Finish::kReluGate, Finish::kTanhGate}) {
    ExpectProduct<float>(finish, false, false);
    ExpectProduct<double>(finish, false, false);
  }
}

TEST_P(PatchProductTest, PatchesMultiplyAPackedMatrix) {
  ExpectProduct<float>(Finish::kRelu, false, true);
  ExpectProduct<double>(Finish::kRelu, false, true);
}

TEST_P(PatchProductTest, ProductsAddToWhatStandsThere) {
  ExpectProduct<float>(Finish::kNone, true, true);
  ExpectProduct<double>(Finish::kReluGate, true, true);
}

TEST_P(PatchProductTest, TransposedPatchesMultiply) {
  ExpectTransposedProduct<float>(false);
  ExpectTransposedProduct<double>(false);
}

TEST_P(PatchProductTest, TransposedProductsAddToWhatStandsThere) {
  ExpectTransposedProduct<float>(true);
  ExpectTransposedProduct<double>(true);
}

TEST_P(PatchProductTest, BitsDoNotDependOnTheCutOfRowsAndElements) {
  const Case& c = GetParam();
  const auto pixels = Random<float>(c.images * c.image(), 1), weights = Random<float>(c.depth() * c.outputs, 2);
  const auto patches = c.PatchOffsets(), places = c.OutputOffsets(), elements = c.Elements();
  AlignedBuffer<float> whole(static_cast<size_t>(c.rows() * c.outputs)), cut(whole.size());
  AlignedBuffer<float> gradient(static_cast<size_t>(c.depth() * c.outputs)), cut_gradient(gradient.size());
  const Matrix<float> matrix{weights.data(), c.outputs, c.depth(), c.outputs};
  MultiplyPatches<float>({pixels.data(), patches.data()}, c.rows(), elements, matrix, {}, Finish::kNone, {},
                         {whole.data(), places.data()});
  MultiplyTransposedPatches<float>({pixels.data(), patches.data()}, c.rows(), elements, {whole.data(), places.data()},
                                   c.outputs, false, gradient.data());
  for (int first = 0, count = 1; first < c.rows(); first += count, count = count % 11 + 1) {
    count = std::min(count, c.rows() - first);
    MultiplyPatches<float>({pixels.data(), patches.data() + first}, count, elements, matrix, {}, Finish::kNone, {},
                           {cut.data(), places.data() + first});
  }
  for (int begin = 0, count = 1; begin < c.depth(); begin += count, count = count % 11 + 1) {
    count = std::min(count, c.depth() - begin);
    MultiplyTransposedPatches<float>(
        {pixels.data(), patches.data()}, c.rows(),
        PatchElements(elements).subspan(static_cast<size_t>(begin), static_cast<size_t>(count)),
        {whole.data(), places.data()}, c.outputs, false, cut_gradient.data() + begin * c.outputs);
  }
  for (size_t i = 0; i < whole.size(); ++i) ASSERT_EQ(whole[i], cut[i]) << i;
  for (size_t i = 0; i < gradient.size(); ++i) ASSERT_EQ(gradient[i], cut_gradient[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Sizes, PatchProductTest,
                         testing::Values(Case{1, 1, 1, 1, 1}, Case{2, 5, 3, 1, 16}, Case{1, 4, 3, 3, 8},
                                         Case{3, 3, 3, 5, 5}, Case{1, 6, 5, 8, 10}, Case{2, 4, 3, 10, 3},
                                         Case{1, 5, 3, 16, 17}, Case{1, 13, 1, 17, 32}, Case{1, 4, 3, 32, 64},
                                         Case{1, 3, 3, 64, 24}, Case{2, 9, 3, 3, 40}),
                         NameOf);

// A stride of two is a matter of offsets alone, and a kernel's border may lie outside of what is written.
TEST(PatchProductTest, AStrideOfTwoSkipsPatches) {
  const std::vector<float> pixels = {1, 2, 3, 4, 5};
  AlignedBuffer<float> line(5), weights(2), out(2);
  std::copy(pixels.begin(), pixels.end(), line.data());
  weights[0] = 10;
  weights[1] = 1;
  const int32_t patches[] = {1, 3}, places[] = {0, 1};
  const int32_t elements[] = {-1, 0};
  MultiplyPatches<float>({line.data(), patches}, 2, elements, {weights.data(), 1, 2, 1}, {}, Finish::kNone, {},
                         {out.data(), places});
  EXPECT_EQ(out[0], 12);
  EXPECT_EQ(out[1], 34);
}

}  // namespace
}  // namespace basin::worker::train
