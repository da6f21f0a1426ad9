#include "worker/train/product.h"

#include <cmath>
#include <string>
#include <vector>

#include "Eigen/Core"
#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "worker/train/aligned_buffer.h"

namespace basin::worker::train {
namespace {

using MatrixD = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Sizes {
  int rows, depth, columns;
};
std::string NameOf(const testing::TestParamInfo<Sizes>& info) {
  return std::to_string(info.param.rows) + "x" + std::to_string(info.param.depth) + "x" +
         std::to_string(info.param.columns);
}
int RoundUp(int n) { return (n + 15) / 16 * 16; }

// Each product against Eigen's in double, on sizes that reach every tile and remainder.
class ProductTest : public testing::TestWithParam<Sizes> {
 protected:
  template <typename T>
  AlignedBuffer<T> Random(int count, uint64_t stream_number) {
    contract::RandomStream stream(7, contract::RandomPurpose::kSplit, stream_number);
    AlignedBuffer<T> values(static_cast<size_t>(count));
    for (T& value : values.span()) value = static_cast<T>(stream.NextNormal());
    return values;
  }
  template <typename T>
  static MatrixD AsMatrix(const AlignedBuffer<T>& values, int rows, int columns, int stride) {
    MatrixD matrix(rows, columns);
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) matrix(i, j) = static_cast<double>(values[i * stride + j]);
    }
    return matrix;
  }
  template <typename T>
  static std::vector<const T*> RowsOf(const AlignedBuffer<T>& values, int rows, int stride) {
    std::vector<const T*> pointers;
    for (int i = 0; i < rows; ++i) pointers.push_back(values.data() + i * stride);
    return pointers;
  }

  template <typename T>
  void ExpectRowsMultiply(double tolerance) {
    const auto [rows, depth, columns] = GetParam();
    const auto left = Random<T>(rows * depth, 1), right = Random<T>(depth * columns, 2), bias = Random<T>(columns, 3);
    const int stride = RoundUp(columns);
    const auto gate = Random<T>(rows * stride, 4);
    const auto pointers = RowsOf(left, rows, depth);
    AlignedBuffer<T> out(static_cast<size_t>(rows * stride));
    const MatrixD product = AsMatrix(left, rows, depth, depth) * AsMatrix(right, depth, columns, columns);
    const MatrixD gates = AsMatrix(gate, rows, columns, stride);
    for (const Finish finish : {Finish::kNone, Finish::kRelu, Finish::kReluGate, Finish::kTanhGate}) {
      const bool gated = finish == Finish::kReluGate || finish == Finish::kTanhGate;
      MultiplyRows<T>(pointers.data(), rows, {right.data(), columns, depth, columns}, {gated ? nullptr : bias.data()},
                      finish, gated ? gate.data() : nullptr, {out.data(), stride});
      for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
          double expected = product(i, j) + (gated ? 0 : static_cast<double>(bias[j]));
          if (finish == Finish::kRelu) expected = std::max(expected, 0.0);
          if (finish == Finish::kReluGate) expected = gates(i, j) > 0 ? expected : 0;
          if (finish == Finish::kTanhGate) expected *= 1 - gates(i, j) * gates(i, j);
          ASSERT_NEAR(out[i * stride + j], expected, tolerance * (1 + std::abs(expected)) * std::sqrt(depth))
              << "row " << i << " column " << j << " finish " << static_cast<int>(finish);
        }
      }
    }
  }

  // A product in two parts, the second added to the first, has the bits of the whole: chains go on where they stand.
  template <typename T>
  void ExpectRowsGoOn() {
    const auto [rows, depth, columns] = GetParam();
    const auto left = Random<T>(rows * depth, 1), right = Random<T>(depth * columns, 2), bias = Random<T>(columns, 3);
    const int stride = RoundUp(columns), half = depth / 2;
    const auto pointers = RowsOf(left, rows, depth);
    std::vector<const T*> second;
    for (const T* row : pointers) second.push_back(row + half);
    AlignedBuffer<T> whole(static_cast<size_t>(rows * stride)), parts(whole.size());
    MultiplyRows<T>(pointers.data(), rows, {right.data(), columns, depth, columns}, {bias.data()}, Finish::kRelu,
                    nullptr, {whole.data(), stride});
    MultiplyRows<T>(pointers.data(), rows, {right.data(), columns, half, columns}, {bias.data()}, Finish::kNone,
                    nullptr, {parts.data(), stride});
    MultiplyRows<T>(second.data(), rows, {right.data() + half * columns, columns, depth - half, columns},
                    {nullptr, true}, Finish::kRelu, nullptr, {parts.data(), stride});
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) ASSERT_EQ(parts[i * stride + j], whole[i * stride + j]) << i << " " << j;
    }
  }

  template <typename T>
  void ExpectTransposedMultiplies(double tolerance) {
    const auto [rows, depth, columns] = GetParam();
    const int stride = RoundUp(columns);
    const auto left = Random<T>(rows * depth, 1), deltas = Random<T>(rows * stride, 2);
    const auto pointers = RowsOf(left, rows, depth);
    const MatrixD expected = AsMatrix(left, rows, depth, depth).transpose() * AsMatrix(deltas, rows, columns, stride);
    AlignedBuffer<T> result(static_cast<size_t>(depth * columns));
    for (const double factor : {1.0, 2.0}) {  // The second time on top of the first.
      MultiplyTransposed<T>(pointers.data(), rows, deltas.data(), stride, columns, 0, depth, factor > 1, result.data());
      for (int i = 0; i < depth; ++i) {
        for (int j = 0; j < columns; ++j) {
          ASSERT_NEAR(result[i * columns + j], factor * expected(i, j), tolerance * 10 * std::sqrt(rows));
        }
      }
    }
  }
};

TEST_P(ProductTest, RowsInFloatAgreeWithEigen) { ExpectRowsMultiply<float>(2e-6); }
TEST_P(ProductTest, RowsInDoubleAgreeWithEigen) { ExpectRowsMultiply<double>(1e-14); }
TEST_P(ProductTest, RowsGoOnFromWhereTheyStand) {
  ExpectRowsGoOn<float>();
  ExpectRowsGoOn<double>();
}
TEST_P(ProductTest, TransposedInFloatAgreesWithEigen) { ExpectTransposedMultiplies<float>(2e-6); }
TEST_P(ProductTest, TransposedInDoubleAgreesWithEigen) { ExpectTransposedMultiplies<double>(1e-14); }

TEST_P(ProductTest, BitsDoNotDependOnTheCut) {
  const auto [rows, depth, columns] = GetParam();
  const int stride = RoundUp(columns);
  const auto left = Random<float>(rows * depth, 1), right = Random<float>(depth * columns, 2);
  const auto deltas = Random<float>(rows * stride, 3);
  const auto pointers = RowsOf(left, rows, depth);
  AlignedBuffer<float> whole(static_cast<size_t>(rows * stride)), single(static_cast<size_t>(rows * stride));
  const Matrix<float> matrix{right.data(), columns, depth, columns};
  MultiplyRows<float>(pointers.data(), rows, matrix, {}, Finish::kNone, nullptr, {whole.data(), stride});
  AlignedBuffer<float> gradient(static_cast<size_t>(depth * columns)), piecewise(gradient.size());
  MultiplyTransposed<float>(pointers.data(), rows, deltas.data(), stride, columns, 0, depth, false, gradient.data());
  for (int i = 0; i < rows; ++i) {
    MultiplyRows<float>(pointers.data() + i, 1, matrix, {}, Finish::kNone, nullptr,
                        {single.data() + i * stride, stride});
  }
  for (int d = 0; d < depth; ++d) {
    MultiplyTransposed<float>(pointers.data(), rows, deltas.data(), stride, columns, d, d + 1, false,
                              piecewise.data() + d * columns);
  }
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) ASSERT_EQ(whole[i * stride + j], single[i * stride + j]) << i << ", " << j;
  }
  for (size_t i = 0; i < gradient.size(); ++i) ASSERT_EQ(gradient[i], piecewise[i]) << i;
}

TEST_P(ProductTest, TransposeSwapsRowsAndColumns) {
  const auto [rows, depth, columns] = GetParam();
  const auto matrix = Random<float>(depth * columns, 1);
  const int stride = RoundUp(depth);
  AlignedBuffer<float> transposed(static_cast<size_t>(columns * stride));
  Transpose<float>(matrix.data(), depth, columns, 0, columns, transposed.data(), stride);
  for (int i = 0; i < depth; ++i) {
    for (int j = 0; j < columns; ++j) ASSERT_EQ(transposed[j * stride + i], matrix[i * columns + j]);
  }
}

TEST_P(ProductTest, SumRowsAddsAndAccumulates) {
  const auto [rows, depth, columns] = GetParam();
  const int stride = RoundUp(columns);
  const auto deltas = Random<double>(rows * stride, 1);
  AlignedBuffer<double> result(static_cast<size_t>(columns));
  SumRows<double>(deltas.data(), stride, rows, columns, false, result.data());
  SumRows<double>(deltas.data(), stride, rows, columns, true, result.data());
  const Eigen::VectorXd sums = AsMatrix(deltas, rows, columns, stride).colwise().sum();
  for (int j = 0; j < columns; ++j) ASSERT_NEAR(result[j], 2 * sums(j), 1e-12 * rows);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ProductTest,
                         testing::Values(Sizes{1, 1, 1}, Sizes{1, 7, 130}, Sizes{2, 13, 43}, Sizes{3, 6, 25},
                                         Sizes{4, 64, 32}, Sizes{5, 31, 8}, Sizes{6, 17, 10}, Sizes{7, 65, 16},
                                         Sizes{13, 29, 9}, Sizes{32, 40, 128}, Sizes{50, 33, 37}, Sizes{8, 12, 7}),
                         NameOf);

TEST(ActivationTest, TanhAgreesWithTheLibrary) {
  AlignedBuffer<float> floats(512);
  AlignedBuffer<double> doubles(512);
  for (int i = 0; i < 512; ++i) doubles[i] = floats[i] = static_cast<float>((i - 256) * 0.05);
  const std::vector<float> inputs(floats.data(), floats.data() + 512);
  ApplyTanh(floats.data(), 512);
  ApplyTanh(doubles.data(), 512);
  for (int i = 0; i < 512; ++i) {
    const double expected = std::tanh(static_cast<double>(inputs[i]));
    EXPECT_NEAR(floats[i], expected, 4e-7 * std::abs(expected)) << inputs[i];
    EXPECT_NEAR(doubles[i], expected, 1e-15) << inputs[i];
  }
}

TEST(ActivationTest, NotANumberPassesThrough) {
  const float nan = std::nanf("");
  AlignedBuffer<float> values(16), one(1), out(16);
  values[3] = nan;
  ApplyTanh(values.data(), 16);
  EXPECT_TRUE(std::isnan(values[3]));
  one[0] = nan;
  const float* row = one.data();
  MultiplyRows<float>(&row, 1, {values.data(), 1, 1, 1}, {}, Finish::kRelu, nullptr, {out.data(), 16});
  EXPECT_TRUE(std::isnan(out[0]));
}

}  // namespace
}  // namespace basin::worker::train
