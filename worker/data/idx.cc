#include "worker/data/idx.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {
namespace {

constexpr uint32_t kImagesMagic = 0x00000803;  // Unsigned bytes, three dimensions.
constexpr uint32_t kLabelsMagic = 0x00000801;  // Unsigned bytes, one dimension.
constexpr uint32_t kMaxSide = 65536;
constexpr size_t kLabelsHeader = 8;

uint32_t BigEndianWord(std::string_view bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<uint8_t>(bytes[at + i]);
  return word;
}

struct Images {
  uint32_t count, rows, columns;
  std::string_view pixels;
};

// Checks the magic number and that the dimensions after it give the file's length. Returns the dimensions.
template <size_t kDimensions>
absl::StatusOr<std::array<uint32_t, kDimensions>> ReadHeader(const IdxFile& file, uint32_t magic) {
  constexpr size_t kHeader = 4 + 4 * kDimensions;
  if (file.bytes.size() < kHeader) {
    return Damaged(file.name,
                   absl::StrCat("is cut off: its header has ", kHeader, " bytes, the file has ", file.bytes.size()));
  }
  if (const uint32_t found = BigEndianWord(file.bytes, 0); found != magic) {
    return Damaged(file.name, absl::StrFormat("starts with the magic number 0x%08x, not 0x%08x", found, magic));
  }
  std::array<uint32_t, kDimensions> dimensions;
  uint64_t values = 1;
  for (size_t i = 0; i < kDimensions; ++i) {
    dimensions[i] = BigEndianWord(file.bytes, 4 + 4 * i);
    if (dimensions[i] == 0 || (i > 0 && dimensions[i] > kMaxSide)) {
      return Damaged(file.name,
                     absl::StrCat("has the size ", dimensions[i], " in dimension ", i + 1, " (byte ", 4 + 4 * i, ")"));
    }
    // Below 2^32 * 2^16 * 2^16, except that the last product could reach 2^64 exactly; such a file does not exist.
    values = values > UINT64_MAX / dimensions[i] ? UINT64_MAX : values * dimensions[i];
  }
  if (file.bytes.size() - kHeader != values) {
    return Damaged(file.name, absl::StrCat(file.bytes.size() - kHeader < values ? "is cut off: " : "is too long: ",
                                           "its header says ", values, " bytes after the header, there are ",
                                           file.bytes.size() - kHeader));
  }
  return dimensions;
}

absl::StatusOr<Images> ReadImages(const IdxFile& file) {
  auto header = ReadHeader<3>(file, kImagesMagic);
  if (!header.ok()) return header.status();
  return Images{(*header)[0], (*header)[1], (*header)[2], file.bytes.substr(16)};
}

absl::StatusOr<RawPart> ReadPart(const IdxFile& images_file, const IdxFile& labels_file, const Images& images) {
  auto header = ReadHeader<1>(labels_file, kLabelsMagic);
  if (!header.ok()) return header.status();
  if ((*header)[0] != images.count) {
    return Damaged(labels_file.name, absl::StrCat("has ", (*header)[0], " labels, but ", images_file.name, " has ",
                                                  images.count, " images"));
  }
  RawPart part;
  part.features.resize(images.pixels.size());
  std::transform(images.pixels.begin(), images.pixels.end(), part.features.begin(),
                 [](char pixel) { return static_cast<float>(static_cast<uint8_t>(pixel)); });
  part.labels.resize(images.count);
  std::transform(labels_file.bytes.begin() + kLabelsHeader, labels_file.bytes.end(), part.labels.begin(),
                 [](char label) { return static_cast<int32_t>(static_cast<uint8_t>(label)); });
  return part;
}

absl::Status LabelOutOfRange(const IdxFile& file, size_t example, int32_t label, const std::string& why) {
  return Damaged(file.name, absl::StrCat("label ", label, " of example ", example, " (byte ", kLabelsHeader + example,
                                         ") is out of range: ", why));
}

// The classes of the training labels. A class without examples below the largest one means that the larger labels are
// wrong; class 0 alone may be empty, for sets that count from 1.
absl::StatusOr<int32_t> CountClasses(const IdxFile& file, const std::vector<int32_t>& labels) {
  std::array<bool, 256> seen{};
  for (const int32_t label : labels) seen[static_cast<size_t>(label)] = true;
  int32_t classes = 1;
  while (classes < 256 && seen[static_cast<size_t>(classes)]) ++classes;
  const auto beyond = std::find_if(labels.begin(), labels.end(), [&](int32_t label) { return label >= classes; });
  if (beyond != labels.end()) {
    return LabelOutOfRange(file, static_cast<size_t>(beyond - labels.begin()), *beyond,
                           absl::StrCat("no example has the label ", classes));
  }
  if (classes < 2) return Damaged(file.name, "has one class only");
  return classes;
}

}  // namespace

absl::StatusOr<RawDataset> LoadIdx(const IdxFile& train_images, const IdxFile& train_labels, const IdxFile& test_images,
                                   const IdxFile& test_labels) {
  const auto train = ReadImages(train_images);
  if (!train.ok()) return train.status();
  const auto test = ReadImages(test_images);
  if (!test.ok()) return test.status();
  if (train->rows != test->rows || train->columns != test->columns) {
    return Damaged(test_images.name, absl::StrCat("has images of ", test->rows, "x", test->columns, ", but ",
                                                  train_images.name, " of ", train->rows, "x", train->columns));
  }
  auto train_part = ReadPart(train_images, train_labels, *train);
  if (!train_part.ok()) return train_part.status();
  auto test_part = ReadPart(test_images, test_labels, *test);
  if (!test_part.ok()) return test_part.status();
  const auto classes = CountClasses(train_labels, train_part->labels);
  if (!classes.ok()) return classes.status();
  for (size_t i = 0; i < test_part->labels.size(); ++i) {
    if (test_part->labels[i] >= *classes) {
      return LabelOutOfRange(test_labels, i, test_part->labels[i],
                             absl::StrCat("the training labels are 0 to ", *classes - 1));
    }
  }
  RawDataset dataset;
  // The pixels of at least one image fit into the file, whose size is bounded.
  dataset.feature_count = static_cast<int32_t>(train->rows * train->columns);
  dataset.classes = *classes;
  dataset.image = true;
  dataset.feature_scale = 1.0f / 255;
  dataset.train = *std::move(train_part);
  dataset.test = *std::move(test_part);
  return dataset;
}

}  // namespace basin::worker::data
