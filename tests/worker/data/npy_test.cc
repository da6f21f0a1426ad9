#include "worker/data/npy.h"

#include <limits>

#include "gmock/gmock.h"
#include "tests/worker/data/sample_files.h"

namespace basin::worker::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<int64_t> kLabels = {0, 1, 2, 1};

std::string Labels() { return Npy<int64_t>("<i8", "(4,)", kLabels); }

absl::StatusOr<RawDataset> Load(const std::string& x, const std::string& y) {
  const NamedBytes files[] = {{"d/x", x}, {"d/y", y}};
  return LoadNpy(files);
}

std::string Fault(const std::string& x, const std::string& y) {
  const auto dataset = Load(x, y);
  EXPECT_EQ(dataset.status().code(), absl::StatusCode::kDataLoss) << dataset.status();
  return std::string(dataset.status().message());
}

TEST(NpyTest, TwoDimensionsAreATable) {
  const auto dataset = Load(Npy<double>("<f8", "(4, 2)", {1, 2, 3, 4, 5, 6, 7, 8.5}), Labels());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_FALSE(dataset->image.is_image());
  EXPECT_EQ(dataset->feature_count, 2);
  EXPECT_EQ(dataset->classes, 3);
  EXPECT_THAT(FloatsOf(dataset->train), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8.5f));
  EXPECT_THAT(dataset->train.labels, ElementsAre(0, 1, 2, 1));
  EXPECT_TRUE(dataset->test.labels.empty());
}

TEST(NpyTest, ThreeAndFourDimensionsAreImages) {
  const auto gray = Load(Npy<uint8_t>("|u1", "(4, 1, 2)", {1, 2, 3, 4, 5, 6, 7, 255}), Labels());
  ASSERT_TRUE(gray.ok()) << gray.status();
  EXPECT_EQ(gray->image, (train::ImageShape{1, 2, 1}));
  EXPECT_FLOAT_EQ(gray->feature_scale, 1.0f / 255);
  EXPECT_EQ(BytesOf(gray->train)[7], 255);
  const auto colour = Load(Npy<float>("<f4", "(4, 1, 1, 2)", {1, 2, 3, 4, 5, 6, 7, 8}), Labels());
  ASSERT_TRUE(colour.ok()) << colour.status();
  EXPECT_EQ(colour->image, (train::ImageShape{1, 1, 2}));
  EXPECT_EQ(colour->feature_scale, 1);
}

TEST(NpyTest, ReadsEveryWholeNumberType) {
  const auto check = [](const std::string& x, const std::string& y) {
    const auto dataset = Load(x, y);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_THAT(dataset->train.labels, ElementsAre(0, 1, 2, 1));
    EXPECT_EQ(FloatsOf(dataset->train)[1], 2);
  };
  check(Npy<int8_t>("|i1", "(4, 2)", {-1, 2, 3, 4, 5, 6, 7, 8}), Npy<uint8_t>("|u1", "(4,)", {0, 1, 2, 1}));
  check(Npy<int16_t>("<i2", "(4, 2)", {-1, 2, 3, 4, 5, 6, 7, 8}), Npy<uint16_t>("<u2", "(4, 1)", {0, 1, 2, 1}));
  check(Npy<int32_t>("<i4", "(4, 2)", {-1, 2, 3, 4, 5, 6, 7, 8}), Npy<uint32_t>("<u4", "(4,)", {0, 1, 2, 1}));
  check(Npy<int64_t>("<i8", "(4, 2)", {-1, 2, 3, 4, 5, 6, 7, 8}), Npy<uint64_t>("<u8", "(4,)", {0, 1, 2, 1}));
}

TEST(NpyTest, ATestPartHasBothFiles) {
  const std::string x = Npy<float>("<f4", "(4, 1)", {1, 2, 3, 4});
  const std::string y = Labels();
  const std::string beyond = Npy<int64_t>("<i8", "(4,)", {0, 1, 2, 3});
  const NamedBytes three[] = {{"d/x", x}, {"d/y", y}, {"d/xt", x}};
  EXPECT_THAT(std::string(LoadNpy(three).status().message()), StartsWith("d/xt: is there alone"));
  const NamedBytes four[] = {{"d/x", x}, {"d/y", y}, {"d/xt", x}, {"d/yt", y}};
  const auto dataset = LoadNpy(four);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->test.labels.size(), 4u);
  const NamedBytes bad[] = {{"d/x", x}, {"d/y", y}, {"d/xt", x}, {"d/yt", beyond}};
  EXPECT_THAT(std::string(LoadNpy(bad).status().message()), StartsWith("d/yt: label 3 of example 3 (byte 152)"));
}

TEST(NpyTest, RefusesFortranOrderAndForeignByteOrderAndSaysWhatToDo) {
  const std::string values(32, '\0');
  EXPECT_EQ(Fault(Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (4, 2), }", values), Labels()),
            "d/x: is in Fortran order; save it with numpy.ascontiguousarray(array)");
  EXPECT_EQ(Fault(Npy("{'descr': '>f4', 'fortran_order': False, 'shape': (4, 2), }", values), Labels()),
            "d/x: is big-endian (>f4); save it with array.astype('<f4')");
  EXPECT_THAT(Fault(Npy("{'descr': '|O', 'fortran_order': False, 'shape': (4, 2), }", values), Labels()),
              StartsWith("d/x: has elements of type '|O'"));
}

TEST(NpyTest, RefusesValuesThatAreNotFiniteAndSaysWhere) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Fault(Npy<float>("<f4", "(4, 2)", {1, 2, 3, nan, 5, 6, 7, 8}), Labels()),
            "d/x: value 1 of example 1 (byte 140) is not a finite number of a 32-bit float's range");
  EXPECT_THAT(Fault(Npy<double>("<f8", "(4, 1)", {1, 2, 3, 1e60}), Labels()), StartsWith("d/x: value 0 of example 3"));
}

TEST(NpyTest, RefusesLabelsOutOfRange) {
  const std::string x = Npy<float>("<f4", "(4, 1)", {1, 2, 3, 4});
  EXPECT_EQ(Fault(x, Npy<int8_t>("|i1", "(4,)", {0, 1, -1, 1})),
            "d/y: label -1 of example 2 (byte 130) is out of range: labels are 0 to 65535");
  EXPECT_THAT(Fault(x, Npy<int64_t>("<i8", "(4,)", {0, 1, 7, 1})), HasSubstr("no example has the label 2"));
  EXPECT_THAT(Fault(x, Npy<float>("<f4", "(4,)", {0, 1, 2, 1})), HasSubstr("real numbers"));
  EXPECT_EQ(Fault(x, Npy<int8_t>("|i1", "(3,)", {0, 1, 1})), "d/y: has 3 labels, but d/x has 4 examples");
}

TEST(NpyTest, HugeShapesAreRefusedWithoutBeingAllocated) {
  for (const char* shape : {"(18446744073709551615, 2)", "(4611686018427387904, 4611686018427387904)",
                            "(99999999999999999999, 1)", "(1000000000000, 1, 1)"}) {
    const std::string x =
        Npy("{'descr': '<f8', 'fortran_order': False, 'shape': " + std::string(shape) + ", }", "12345678");
    EXPECT_THAT(Fault(x, Labels()), StartsWith("d/x: ")) << shape;
  }
  // No bytes at all, and a product that would wrap to 0.
  EXPECT_THAT(
      Fault(Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 18446744073709551615), }", ""), Labels()),
      HasSubstr("no examples"));
}

TEST(NpyTest, RefusesHeadersThatAreNone) {
  for (const char* header :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (4, -2), }",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (4, 2), }",
        "{'descr': <f4, 'fortran_order': False, 'shape': (4,2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), 'more': 1}", "['descr']",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4 2), }",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }"}) {
    EXPECT_THAT(Fault(Npy(header, std::string(32, '\0')), Labels()), StartsWith("d/x: ")) << header;
  }
}

TEST(NpyTest, RefusesATruncationAnywhere) {
  const std::string whole = Npy<float>("<f4", "(4, 2)", {1, 2, 3, 4, 5, 6, 7, 8});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(Fault(whole.substr(0, size), Labels()), StartsWith("d/x: ")) << size;
  }
}

}  // namespace
}  // namespace basin::worker::data
