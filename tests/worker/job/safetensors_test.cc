#include "worker/job/safetensors.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace basin::worker::job {
namespace {

using testing::HasSubstr;

template <typename T>
std::string_view Bytes(const T& values) {
  return {reinterpret_cast<const char*>(values), sizeof(values)};
}

constexpr float kWeights[] = {1, -2.5, 3, 0.1F, -0.0F, 1e30F};
constexpr double kSum[] = {0.1};
constexpr uint64_t kCount[] = {uint64_t{1} << 60};

std::string Sample() {
  return WriteSafetensors({{"format", "x\"y"}, {"step", "7"}},
                          {{"0.weight", TensorType::kFloat32, {2, 3}, Bytes(kWeights)},
                           {"sum", TensorType::kFloat64, {1}, Bytes(kSum)},
                           {"empty", TensorType::kFloat32, {0}, ""},
                           {"count", TensorType::kUint64, {}, Bytes(kCount)}});
}

// A file with this header and `data` zeros behind it.
std::string WithHeader(const std::string& header, size_t data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data, '\0');
}

std::string ErrorOf(const std::string& bytes) {
  const auto read = ReadSafetensors(bytes);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << read.status();
  return std::string(read.status().message());
}

TEST(SafetensorsTest, ReadsWhatItWrote) {
  const std::string bytes = Sample();
  const auto file = ReadSafetensors(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->metadata, testing::ElementsAre(testing::Pair("format", "x\"y"), testing::Pair("step", "7")));
  ASSERT_EQ(file->tensors.size(), 4u);
  EXPECT_EQ(file->tensors[0].name, "0.weight");
  EXPECT_EQ(file->tensors[0].type, TensorType::kFloat32);
  EXPECT_THAT(file->tensors[0].shape, testing::ElementsAre(2, 3));
  EXPECT_EQ(file->tensors[0].data, Bytes(kWeights));
  EXPECT_EQ(file->tensors[3].data, Bytes(kCount));
  EXPECT_TRUE(file->tensors[3].shape.empty());
}

TEST(SafetensorsTest, PythonReadsIt) {
  const tests::TempDir dir;
  const std::string path = dir.path() / "sample.safetensors";
  const std::string bytes = Sample();
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const std::filesystem::path printed = dir.path() / "printed";
  ASSERT_EQ(tests::RunProgram({"python3", BASIN_TEST_DIR "/read_safetensors.py", path}, printed), 0);
  std::stringstream text;
  text << std::ifstream(printed).rdbuf();
  EXPECT_EQ(text.str(),
            "format=x\"y\nstep=7\n"
            "0.weight float32 [2, 3] 1.0 -2.5 3.0 0.10000000149011612 -0.0 1.0000000150474662e+30\n"
            "sum float64 [1] 0.1\nempty float32 [0]\ncount uint64 [] 1152921504606846976\n");
}

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  const std::string bytes = Sample();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadSafetensors(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_THAT(ErrorOf(bytes + "x"), HasSubstr("1 bytes are left over"));
}

TEST(SafetensorsTest, AnAbsurdHeaderLengthIsRefused) {
  EXPECT_THAT(ErrorOf(std::string(7, '\0')), HasSubstr("too short"));
  EXPECT_THAT(ErrorOf(std::string(64, '\xff')), HasSubstr("a header of 18446744073709551615 bytes in a file of 64"));
}

TEST(SafetensorsTest, AHeaderThatIsNoObjectIsRefused) {
  for (const char* header : {"", "[]", "null", "{", "{\"a\":}", "{}x", "\xff{}"}) {
    EXPECT_THAT(ErrorOf(WithHeader(header, 0)), HasSubstr("no JSON object")) << header;
  }
}

TEST(SafetensorsTest, PlacesThatDoNotFitAreRefused) {
  const auto tensor = [](const std::string& name, const std::string& rest) {
    return "\"" + name + "\":{\"dtype\":\"F32\"," + rest + "}";
  };
  EXPECT_THAT(ErrorOf(WithHeader("{" + tensor("a", "\"shape\":[2],\"data_offsets\":[0,4]") + "}", 4)),
              HasSubstr("'a' has a place that does not fit its shape"));
  EXPECT_THAT(ErrorOf(WithHeader("{" + tensor("a", "\"shape\":[1],\"data_offsets\":[0,4]") + "," +
                                     tensor("b", "\"shape\":[1],\"data_offsets\":[2,6]") + "}",
                                 6)),
              HasSubstr("'b' overlaps or leaves a gap"));
  EXPECT_THAT(ErrorOf(WithHeader("{" + tensor("a", "\"shape\":[1],\"data_offsets\":[4,8]") + "}", 8)),
              HasSubstr("'a' overlaps or leaves a gap"));
  EXPECT_THAT(ErrorOf(WithHeader("{" + tensor("a", "\"shape\":[2],\"data_offsets\":[0,8]") + "}", 4)),
              HasSubstr("ends within tensor 'a'"));
  EXPECT_THAT(ErrorOf(WithHeader("{" + tensor("a", "\"shape\":[1e9,1e9,1e9],\"data_offsets\":[0,8]") + "}", 8)),
              HasSubstr("'a' has an impossible shape"));
  EXPECT_THAT(ErrorOf(WithHeader("{" + tensor("a", "\"shape\":[-1],\"data_offsets\":[0,4]") + "}", 4)),
              HasSubstr("'a' has an impossible shape"));
  EXPECT_THAT(ErrorOf(WithHeader("{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4)),
              HasSubstr("'a' has no type of F32, F64 and U64"));
  EXPECT_THAT(ErrorOf(WithHeader("{\"a\":3}", 0)), HasSubstr("'a' has no type"));
}

}  // namespace
}  // namespace basin::worker::job
