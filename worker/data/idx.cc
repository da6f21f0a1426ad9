#include "worker/data/idx.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/data/labels.h"

namespace basin::worker::data {
namespace {

// Of unsigned bytes; the lowest byte is the number of dimensions.
constexpr uint32_t kMagic = 0x00000800;
constexpr uint32_t kMaxSide = 65536;
constexpr size_t kLabelsHeader = 8;

uint32_t BigEndianWord(std::string_view bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<uint8_t>(bytes[at + i]);
  return word;
}

struct Images {
  uint32_t count;
  train::ImageShape shape;
  std::string_view pixels;
};

// Checks the magic number, which has one of the numbers of dimensions, and that they give the file's length.
absl::StatusOr<std::vector<uint32_t>> ReadHeader(const NamedBytes& file, size_t fewest, size_t most) {
  const uint32_t found = file.bytes.size() < 4 ? kMagic : BigEndianWord(file.bytes, 0);
  const size_t count = std::clamp<size_t>(found & 0xff, fewest, most);
  const size_t header = 4 + 4 * count;
  if (file.bytes.size() < header && (file.bytes.size() < 4 || found == (kMagic | count))) {
    return Damaged(file.name,
                   absl::StrCat("is cut off: its header has ", header, " bytes, the file has ", file.bytes.size()));
  }
  if (found != (kMagic | count)) {
    return Damaged(file.name,
                   absl::StrFormat("starts with the magic number 0x%08x, not 0x%08x", found, kMagic | fewest));
  }
  std::vector<uint32_t> dimensions(count);
  uint64_t values = 1;
  for (size_t i = 0; i < count; ++i) {
    dimensions[i] = BigEndianWord(file.bytes, 4 + 4 * i);
    if (dimensions[i] == 0 || (i > 0 && dimensions[i] > kMaxSide)) {
      return Damaged(file.name,
                     absl::StrCat("has the size ", dimensions[i], " in dimension ", i + 1, " (byte ", 4 + 4 * i, ")"));
    }
    values = values > UINT64_MAX / dimensions[i] ? UINT64_MAX : values * dimensions[i];
  }
  if (file.bytes.size() - header != values) {
    return Damaged(file.name, absl::StrCat(file.bytes.size() - header < values ? "is cut off: " : "is too long: ",
                                           "its header says ", values, " bytes after the header, there are ",
                                           file.bytes.size() - header));
  }
  return dimensions;
}

// The size of one image fits into the file, whose size is bounded.
absl::StatusOr<Images> ReadImages(const NamedBytes& file) {
  const auto header = ReadHeader(file, 3, 4);
  if (!header.ok()) return header.status();
  const std::vector<uint32_t>& dimensions = *header;
  const train::ImageShape shape{static_cast<int32_t>(dimensions[1]), static_cast<int32_t>(dimensions[2]),
                                dimensions.size() == 4 ? static_cast<int32_t>(dimensions[3]) : 1};
  return Images{dimensions[0], shape, file.bytes.substr(4 + 4 * dimensions.size())};
}

absl::StatusOr<RawPart> ReadPart(const NamedBytes& images_file, const NamedBytes& labels_file, const Images& images) {
  const auto header = ReadHeader(labels_file, 1, 1);
  if (!header.ok()) return header.status();
  if ((*header)[0] != images.count) {
    return Damaged(labels_file.name, absl::StrCat("has ", (*header)[0], " labels, but ", images_file.name, " has ",
                                                  images.count, " images"));
  }
  RawPart part{std::vector<uint8_t>(images.pixels.begin(), images.pixels.end()), {}};
  part.labels.resize(images.count);
  std::transform(labels_file.bytes.begin() + kLabelsHeader, labels_file.bytes.end(), part.labels.begin(),
                 [](char label) { return static_cast<int32_t>(static_cast<uint8_t>(label)); });
  return part;
}

std::string SizeText(const train::ImageShape& shape) {
  return absl::StrCat(shape.height, "x", shape.width, shape.channels == 1 ? "" : absl::StrCat("x", shape.channels));
}

}  // namespace

absl::StatusOr<RawDataset> LoadIdx(const NamedBytes& train_images, const NamedBytes& train_labels,
                                   const NamedBytes& test_images, const NamedBytes& test_labels) {
  const auto train = ReadImages(train_images);
  if (!train.ok()) return train.status();
  const auto test = ReadImages(test_images);
  if (!test.ok()) return test.status();
  if (train->shape != test->shape) {
    return Damaged(test_images.name, absl::StrCat("has images of ", SizeText(test->shape), ", but ", train_images.name,
                                                  " of ", SizeText(train->shape)));
  }
  auto train_part = ReadPart(train_images, train_labels, *train);
  if (!train_part.ok()) return train_part.status();
  auto test_part = ReadPart(test_images, test_labels, *test);
  if (!test_part.ok()) return test_part.status();
  const auto classes = CountClasses({train_labels.name, kLabelsHeader}, train_part->labels);
  if (!classes.ok()) return classes.status();
  const absl::Status checked = CheckTestLabels({test_labels.name, kLabelsHeader}, test_part->labels, *classes);
  if (!checked.ok()) return checked;
  RawDataset dataset;
  dataset.feature_count = static_cast<int32_t>(train->shape.size());
  dataset.classes = *classes;
  dataset.image = train->shape;
  dataset.feature_scale = 1.0f / 255;
  dataset.train = *std::move(train_part);
  dataset.test = *std::move(test_part);
  return dataset;
}

}  // namespace basin::worker::data
