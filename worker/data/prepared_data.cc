#include "worker/data/prepared_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <new>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/violation.h"
#include "worker/data/label_noise.h"
#include "worker/data/split.h"

namespace basin::worker::data {
namespace {

constexpr size_t kAlignment = 64;
constexpr int32_t kFloatsPerLine = kAlignment / sizeof(float);

// value = (stored * scale - mean) / deviation; a mean and a deviation for each channel of images, or for each column.
struct Scaling {
  double scale = 1;
  std::vector<double> means;
  std::vector<double> deviations;

  float Of(double stored, size_t group) const {
    return static_cast<float>((stored * scale - means[group]) / deviations[group]);
  }
};

// Over the training part alone. In two passes and in the order of the rows, so that the bits do not depend on anything
// else; the deviation is the population's, and 1 for a constant group.
Scaling ScalingOf(const RawDataset& raw, std::span<const int64_t> train, bool standardize) {
  const auto features = static_cast<size_t>(raw.feature_count);
  const size_t groups = raw.image.is_image() ? static_cast<size_t>(raw.image.channels) : features;
  Scaling scaling{raw.image.is_image() ? static_cast<double>(raw.feature_scale) : 1.0, std::vector<double>(groups, 0),
                  std::vector<double>(groups, 1)};
  if (!standardize) return scaling;
  const double values = static_cast<double>(train.size()) * static_cast<double>(features / groups);
  const auto accumulate = [&](auto&& term) {
    std::vector<double> sums(groups, 0);
    std::visit(
        [&](const auto& stored) {
          for (const int64_t row : train) {
            const auto* in = stored.data() + static_cast<size_t>(row) * features;
            for (size_t i = 0; i < features; i += groups) {
              for (size_t group = 0; group < groups; ++group) {
                sums[group] += term(static_cast<double>(in[i + group]) * scaling.scale, group);
              }
            }
          }
        },
        raw.train.features);
    return sums;
  };
  const std::vector<double> sums = accumulate([](double value, size_t) { return value; });
  for (size_t group = 0; group < groups; ++group) scaling.means[group] = sums[group] / values;
  const std::vector<double> squares = accumulate([&](double value, size_t group) {
    const double deviation = value - scaling.means[group];
    return deviation * deviation;
  });
  for (size_t group = 0; group < groups; ++group) {
    const double deviation = std::sqrt(squares[group] / values);
    scaling.deviations[group] = deviation > 0 ? deviation : 1;
  }
  return scaling;
}

// Scaled rows with their padding, 64-byte aligned.
class Part {
 public:
  Part(const RawDataset& raw, const RawPart& stored, std::span<const int64_t> rows, const Scaling& scaling) {
    const auto features = static_cast<size_t>(raw.feature_count);
    const size_t stride = (features + kFloatsPerLine - 1) / kFloatsPerLine * kFloatsPerLine;
    rows_.reset(
        static_cast<float*>(::operator new (rows.size() * stride * sizeof(float), std::align_val_t{kAlignment})));
    std::visit([&](const auto& values) { Scale(values.data(), features, stride, rows, scaling); }, stored.features);
    labels_.reserve(rows.size());
    for (const int64_t row : rows) labels_.push_back(stored.labels[static_cast<size_t>(row)]);
    view_ = {rows_.get(), labels_.data(), static_cast<int64_t>(rows.size()), raw.feature_count,
             static_cast<int32_t>(stride)};
  }
  const train::Examples& view() const { return view_; }

 private:
  template <typename Stored>
  void Scale(const Stored* stored, size_t features, size_t stride, std::span<const int64_t> rows,
             const Scaling& scaling) {
    const size_t groups = scaling.means.size();
    float* out = rows_.get();
    for (const int64_t row : rows) {
      const Stored* in = stored + static_cast<size_t>(row) * features;
      for (size_t i = 0; i < features; i += groups) {
        for (size_t group = 0; group < groups; ++group) out[i + group] = scaling.Of(in[i + group], group);
      }
      std::fill(out + features, out + stride, 0.0f);
      out += stride;
    }
  }

  struct Free {
    void operator()(float* rows) const { ::operator delete (rows, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<float[], Free> rows_;
  std::vector<int32_t> labels_;
  train::Examples view_;
};

class OwnedData : public PreparedData {
 public:
  OwnedData(std::shared_ptr<const RawDataset> raw, const Split& split, bool own_test, const Scaling& scaling)
      : raw_(std::move(raw)),
        train_(*raw_, raw_->train, split.train, scaling),
        validation_(*raw_, raw_->train, split.validation, scaling),
        test_(*raw_, own_test ? raw_->test : raw_->train, split.test, scaling),
        view_{.train = train_.view(),
              .validation = validation_.view(),
              .test = test_.view(),
              .classes = raw_->classes,
              .image = raw_->image} {
    for (int32_t channel = 0; channel < raw_->image.channels; ++channel) {
      blank_pixel_.push_back(scaling.Of(0, static_cast<size_t>(channel)));
    }
    view_.blank_pixel = blank_pixel_.empty() ? nullptr : blank_pixel_.data();
  }
  const train::TrainingData& view() const override { return view_; }

 private:
  std::shared_ptr<const RawDataset> raw_;  // Kept, since the cache knows this data by its address.
  Part train_, validation_, test_;
  std::vector<float> blank_pixel_;
  train::TrainingData view_;
};

// The same features and parts, with some labels of the training part wrong.
class MislabelledData : public PreparedData {
 public:
  MislabelledData(std::shared_ptr<const PreparedData> sound, double noise, uint64_t seed)
      : sound_(std::move(sound)),
        view_(sound_->view()),
        labels_(view_.train.labels, view_.train.labels + view_.train.count) {
    AddLabelNoise(noise, view_.classes, seed, labels_);
    view_.train.labels = labels_.data();
  }
  const train::TrainingData& view() const override { return view_; }

 private:
  std::shared_ptr<const PreparedData> sound_;
  train::TrainingData view_;
  std::vector<int32_t> labels_;
};

absl::Status EmptyPart(const std::string& field, const std::string& part, double fraction, size_t examples) {
  return contract::InvalidArgument({{absl::StrCat("train.dataset.", field),
                                     absl::StrCat(fraction, " of ", examples, " examples leaves none for ", part)}});
}

absl::StatusOr<std::shared_ptr<const PreparedData>> PrepareAfresh(std::shared_ptr<const RawDataset> raw,
                                                                  const v1::Dataset& spec) {
  const bool own_test = !raw->test.labels.empty();
  const size_t examples = raw->train.labels.size();
  const double test_fraction = own_test ? 0 : spec.test_fraction();
  if (!(spec.validation_fraction() + test_fraction < 1)) {
    return contract::InvalidArgument(
        {{"train.dataset.validation_fraction",
          absl::StrCat("must leave examples to train on: it is ", spec.validation_fraction(), " and test_fraction is ",
                       test_fraction, ", of the same examples")}});
  }
  Split split =
      StratifiedSplit(raw->train.labels, raw->classes, spec.validation_fraction(), test_fraction, spec.split_seed());
  if (own_test) {
    split.test.resize(raw->test.labels.size());
    std::iota(split.test.begin(), split.test.end(), int64_t{0});
  }
  if (split.train.empty()) return EmptyPart("name", "training", 1, examples);
  if (split.validation.empty()) {
    return EmptyPart("validation_fraction", "validation", spec.validation_fraction(), examples);
  }
  if (split.test.empty()) return EmptyPart("test_fraction", "the test", test_fraction, examples);
  const Scaling scaling = ScalingOf(*raw, split.train, spec.standardize());
  return std::make_shared<OwnedData>(std::move(raw), split, own_test, scaling);
}

// What trials hold at the moment, and the last of it that was asked for, for the next trial of a worker that runs one
// at a time.
class PreparedCache {
 public:
  absl::StatusOr<std::shared_ptr<const PreparedData>> Get(std::shared_ptr<const RawDataset> raw,
                                                          const v1::Dataset& spec) {
    const Key key(raw.get(), spec.validation_fraction(), spec.test_fraction(), spec.split_seed(), spec.standardize());
    const std::shared_ptr<Slot> slot = SlotOf(key);
    // Trials that want the same data at the same time wait for the first of them; others do not.
    const std::lock_guard<std::mutex> lock(slot->mutex);
    if (auto held = slot->data.lock()) {
      KeepLast(held);
      return held;
    }
    KeepLast(nullptr);  // Before there is another one.
    auto prepared = PrepareAfresh(std::move(raw), spec);
    if (!prepared.ok()) return prepared;
    slot->data = *prepared;
    KeepLast(*prepared);
    return prepared;
  }

 private:
  using Key = std::tuple<const RawDataset*, double, double, uint64_t, bool>;
  struct Slot {
    std::mutex mutex;
    std::weak_ptr<const PreparedData> data;
  };

  void KeepLast(std::shared_ptr<const PreparedData> data) {
    const std::lock_guard<std::mutex> lock(last_mutex_);
    last_.swap(data);  // The one before goes after the lock.
  }

  std::shared_ptr<Slot> SlotOf(const Key& key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase_if(slots_, [](const auto& entry) {
      if (entry.second.use_count() > 1) return false;  // Somebody is at work there.
      const std::lock_guard<std::mutex> slot_lock(entry.second->mutex);
      return entry.second->data.expired();
    });
    std::shared_ptr<Slot>& slot = slots_[key];
    if (slot == nullptr) slot = std::make_shared<Slot>();
    return slot;
  }

  std::mutex mutex_;
  std::map<Key, std::shared_ptr<Slot>> slots_;
  std::mutex last_mutex_;  // Taken last.
  std::shared_ptr<const PreparedData> last_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const PreparedData>> Prepare(std::shared_ptr<const RawDataset> raw,
                                                            const v1::Dataset& spec) {
  static PreparedCache* cache = new PreparedCache;  // Never destroyed: trials may end after main.
  auto prepared = cache->Get(std::move(raw), spec);
  if (!prepared.ok() || spec.label_noise() == 0) return prepared;
  return std::make_shared<MislabelledData>(*std::move(prepared), spec.label_noise(), spec.split_seed());
}

}  // namespace basin::worker::data
