#include "worker/data/npy.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/data/labels.h"

namespace basin::worker::data {
namespace {

constexpr uint64_t kMaxSide = 65536;
constexpr uint64_t kMaxFeatures = uint64_t{1} << 26;

// Calls take(i, value) with each value in its own type until it returns false.
template <typename T, typename Take>
void EachOf(const NpyArray& array, const Take& take) {
  const size_t count = array.values.size() / sizeof(T);
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, array.values.data() + i * sizeof(T), sizeof(T));
    if (!take(i, value)) return;
  }
}
template <typename Take>
void Each(const NpyArray& array, const Take& take) {
  switch (array.kind) {
    case 'u':
      if (array.item_size == 1) return EachOf<uint8_t>(array, take);
      if (array.item_size == 2) return EachOf<uint16_t>(array, take);
      if (array.item_size == 4) return EachOf<uint32_t>(array, take);
      return EachOf<uint64_t>(array, take);
    case 'i':
      if (array.item_size == 1) return EachOf<int8_t>(array, take);
      if (array.item_size == 2) return EachOf<int16_t>(array, take);
      if (array.item_size == 4) return EachOf<int32_t>(array, take);
      return EachOf<int64_t>(array, take);
    default:
      return array.item_size == 4 ? EachOf<float>(array, take) : EachOf<double>(array, take);
  }
}

std::string ShapeText(const NpyArray& array) { return absl::StrCat("(", absl::StrJoin(array.shape, ", "), ")"); }

// The features of one example, of a table or an image.
absl::Status CheckFeatureShape(const std::string& file, const NpyArray& x) {
  if (x.shape.size() < 2 || x.shape.size() > 4) {
    return Damaged(file, absl::StrCat("has the shape ", ShapeText(x),
                                      "; expected (count, columns), (count, height, width) or (count, height, width, "
                                      "channels)"));
  }
  if (x.shape[0] == 0) return Damaged(file, "has no examples");
  uint64_t features = 1;
  for (size_t i = 1; i < x.shape.size(); ++i) {
    const bool too_large = x.shape.size() > 2 && x.shape[i] > kMaxSide;
    if (x.shape[i] != 0 && !too_large) features *= std::min(x.shape[i], kMaxFeatures + 1);
    if (x.shape[i] == 0 || too_large || features > kMaxFeatures) {
      return Damaged(file, absl::StrCat("has the size ", x.shape[i], " in dimension ", i + 1));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredValues> ReadFeatures(const std::string& file, const NpyArray& x) {
  if (x.kind == 'u' && x.item_size == 1) return std::vector<uint8_t>(x.values.begin(), x.values.end());
  std::vector<float> features(x.values.size() / x.item_size);
  size_t bad = features.size();
  Each(x, [&](size_t i, auto value) {
    features[i] = static_cast<float>(value);
    if (!std::isfinite(features[i])) bad = i;
    return bad == features.size();
  });
  if (bad != features.size()) {
    const size_t row = features.size() / x.shape[0];
    return Damaged(
        file, absl::StrCat("value ", bad % row, " of example ", bad / row, " (byte ", x.first_byte + bad * x.item_size,
                           ") is not a finite number of a 32-bit float's range"));
  }
  return features;
}

absl::StatusOr<std::vector<int32_t>> ReadLabels(const NamedBytes& file, const NamedBytes& x_file, uint64_t examples,
                                                LabelPlaces* places) {
  const auto y = ReadNpy(file);
  if (!y.ok()) return y.status();
  if (y->kind == 'f') return Damaged(file.name, "holds real numbers; classes are whole numbers");
  if (y->shape.empty() || y->shape.size() > 2 || (y->shape.size() == 2 && y->shape[1] != 1)) {
    return Damaged(file.name, absl::StrCat("has the shape ", ShapeText(*y), "; expected (count)"));
  }
  if (y->shape[0] != examples) {
    return Damaged(file.name,
                   absl::StrCat("has ", y->shape[0], " labels, but ", x_file.name, " has ", examples, " examples"));
  }
  *places = {file.name, y->first_byte, y->item_size};
  std::vector<int32_t> labels(static_cast<size_t>(examples));
  absl::Status status;
  Each(*y, [&](size_t i, auto value) {
    if (const auto number = static_cast<double>(value); number >= 0 && number < kMaxClasses) {
      labels[i] = static_cast<int32_t>(value);
      return true;
    }
    status =
        Damaged(file.name, absl::StrCat("label ", value, " of example ", i, " (byte ", places->first + i * places->step,
                                        ") is out of range: labels are 0 to ", kMaxClasses - 1));
    return false;
  });
  if (!status.ok()) return status;
  return labels;
}

struct NpyPart {
  RawPart part;
  std::vector<uint64_t> shape;  // Of an example.
  LabelPlaces labels;
  bool bytes = false;
};

absl::StatusOr<NpyPart> ReadPart(const NamedBytes& x_file, const NamedBytes& y_file) {
  const auto x = ReadNpy(x_file);
  if (!x.ok()) return x.status();
  if (absl::Status status = CheckFeatureShape(x_file.name, *x); !status.ok()) return status;
  NpyPart result;
  auto labels = ReadLabels(y_file, x_file, x->shape[0], &result.labels);
  if (!labels.ok()) return labels.status();
  auto features = ReadFeatures(x_file.name, *x);
  if (!features.ok()) return features.status();
  result.part = {*std::move(features), *std::move(labels)};
  result.shape.assign(x->shape.begin() + 1, x->shape.end());
  result.bytes = x->kind == 'u' && x->item_size == 1;
  return result;
}

}  // namespace

absl::StatusOr<RawDataset> LoadNpy(std::span<const NamedBytes> files) {
  auto train = ReadPart(files[0], files[1]);
  if (!train.ok()) return train.status();
  const auto classes = CountClasses(train->labels, train->part.labels);
  if (!classes.ok()) return classes.status();
  RawDataset dataset;
  dataset.classes = *classes;
  dataset.feature_count = 1;
  for (const uint64_t side : train->shape) dataset.feature_count *= static_cast<int32_t>(side);
  if (train->shape.size() > 1) {
    dataset.image = {static_cast<int32_t>(train->shape[0]), static_cast<int32_t>(train->shape[1]),
                     train->shape.size() == 3 ? static_cast<int32_t>(train->shape[2]) : 1};
    if (train->bytes) dataset.feature_scale = 1.0f / 255;
  }
  dataset.train = std::move(train->part);
  if (files.size() == 2) return dataset;
  if (files.size() == 3) {
    return Damaged(files[2].name, "is there alone; a test part has both x_test.npy and y_test.npy");
  }
  auto test = ReadPart(files[2], files[3]);
  if (!test.ok()) return test.status();
  if (test->shape != train->shape || test->bytes != train->bytes) {
    return Damaged(files[2].name, absl::StrCat("has examples of another shape or type than ", files[0].name));
  }
  if (absl::Status status = CheckTestLabels(test->labels, test->part.labels, *classes); !status.ok()) return status;
  dataset.test = std::move(test->part);
  return dataset;
}

}  // namespace basin::worker::data
