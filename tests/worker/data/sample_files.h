#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "worker/data/raw_dataset.h"

// Small stored data sets for the tests of this folder.

namespace basin::worker::data {

inline void AppendBigEndian(std::string* bytes, uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes->push_back(static_cast<char>(word >> shift & 0xff));
}

// The float values of a part of a set.
inline const std::vector<float>& FloatsOf(const RawPart& part) { return std::get<std::vector<float>>(part.features); }
inline const std::vector<uint8_t>& BytesOf(const RawPart& part) {
  return std::get<std::vector<uint8_t>>(part.features);
}

// `count` images of rows x columns pixels 0, 1, 2, ... (modulo 256).
inline std::string IdxImages(uint32_t count, uint32_t rows = 2, uint32_t columns = 3) {
  std::string bytes;
  for (const uint32_t word : {0x00000803u, count, rows, columns}) AppendBigEndian(&bytes, word);
  for (uint32_t i = 0; i < count * rows * columns; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

inline std::string IdxLabels(const std::vector<uint8_t>& labels) {
  std::string bytes;
  AppendBigEndian(&bytes, 0x00000801u);
  AppendBigEndian(&bytes, static_cast<uint32_t>(labels.size()));
  bytes.append(labels.begin(), labels.end());
  return bytes;
}

inline std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline void WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  ASSERT_TRUE(file.good()) << path;
}

// An NPY file: the header's dictionary in NumPy's own padding, then the values.
inline std::string Npy(const std::string& dictionary, const std::string& values) {
  std::string header = dictionary;
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  return bytes + header + values;
}
template <typename T>
std::string Npy(const std::string& descr, const std::string& shape, const std::vector<T>& values) {
  return Npy("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }",
             std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
}

// A record of CIFAR with these label bytes; channel c of pixel p is 10 * p + c, modulo 256.
inline std::string CifarRecord(const std::vector<uint8_t>& labels) {
  std::string record(labels.begin(), labels.end());
  for (int channel = 0; channel < 3; ++channel) {
    for (int pixel = 0; pixel < 1024; ++pixel) record += static_cast<char>(10 * pixel + channel);
  }
  return record;
}

// Six training images of classes 0 to 2 and two test images.
inline void WriteIdxDataset(const std::filesystem::path& folder) {
  WriteFile(folder / "train-images-idx3-ubyte", IdxImages(6));
  WriteFile(folder / "train-labels-idx1-ubyte", IdxLabels({0, 1, 2, 0, 1, 2}));
  WriteFile(folder / "t10k-images-idx3-ubyte", IdxImages(2));
  WriteFile(folder / "t10k-labels-idx1-ubyte", IdxLabels({2, 0}));
}

}  // namespace basin::worker::data
