#include "worker/data/cifar.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "worker/data/labels.h"

namespace basin::worker::data {
namespace {

constexpr size_t kChannels = 3;
constexpr size_t kPixels = 32 * 32;
constexpr size_t kImage = kChannels * kPixels;

// Before the pixels a label each for these numbers of classes; the last one counts.
using LabelBytes = std::span<const int32_t>;

absl::Status AppendRecords(const NamedBytes& file, LabelBytes label_bytes, std::vector<uint8_t>* pixels,
                           std::vector<int32_t>* labels) {
  const size_t record = label_bytes.size() + kImage;
  if (file.bytes.empty() || file.bytes.size() % record != 0) {
    return Damaged(file.name, absl::StrCat("is cut off or not CIFAR: it has ", file.bytes.size(),
                                           " bytes, no whole number of records of ", record, " bytes"));
  }
  const size_t count = file.bytes.size() / record;
  size_t at = pixels->size();
  pixels->resize(at + count * kImage);
  for (size_t i = 0; i < count; ++i) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(file.bytes.data()) + i * record;
    for (size_t k = 0; k < label_bytes.size(); ++k) {
      if (bytes[k] < label_bytes[k]) continue;
      return LabelOutOfRange({file.name, k, record}, i, bytes[k],
                             absl::StrCat("the labels are 0 to ", label_bytes[k] - 1));
    }
    labels->push_back(bytes[label_bytes.size() - 1]);
    const uint8_t* planes = bytes + label_bytes.size();
    for (size_t pixel = 0; pixel < kPixels; ++pixel) {
      for (size_t channel = 0; channel < kChannels; ++channel) {
        (*pixels)[at++] = planes[channel * kPixels + pixel];
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RawDataset> LoadCifar(std::span<const NamedBytes> files, LabelBytes label_bytes) {
  RawDataset dataset;
  dataset.feature_count = kImage;
  dataset.classes = label_bytes.back();
  dataset.image = {32, 32, kChannels};
  dataset.feature_scale = 1.0f / 255;
  size_t train_bytes = 0;
  for (const NamedBytes& file : files.first(files.size() - 1)) train_bytes += file.bytes.size();
  std::vector<uint8_t> train, test;
  train.reserve(train_bytes);
  for (size_t i = 0; i < files.size(); ++i) {
    const bool is_test = i + 1 == files.size();
    const absl::Status status = AppendRecords(files[i], label_bytes, is_test ? &test : &train,
                                              is_test ? &dataset.test.labels : &dataset.train.labels);
    if (!status.ok()) return status;
  }
  dataset.train.features = std::move(train);
  dataset.test.features = std::move(test);
  return dataset;
}

}  // namespace

absl::StatusOr<RawDataset> LoadCifar10(std::span<const NamedBytes> files) {
  static constexpr int32_t kLabels[] = {10};
  return LoadCifar(files, kLabels);
}

absl::StatusOr<RawDataset> LoadCifar100(std::span<const NamedBytes> files) {
  static constexpr int32_t kLabels[] = {20, 100};
  return LoadCifar(files, kLabels);
}

}  // namespace basin::worker::data
