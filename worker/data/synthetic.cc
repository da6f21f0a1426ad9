#include "worker/data/synthetic.h"

#include <cmath>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/defaults.h"
#include "proto/contract/digest.h"
#include "proto/contract/portable_math/portable_math.h"
#include "proto/contract/random/philox.h"
#include "proto/contract/violation.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {
namespace {

// Streams of one seed: what a source draws once, and what it draws for each example in order.
enum class Draw : uint64_t { kSource = 0, kExamples = 1 };

contract::RandomStream StreamOf(uint64_t seed, Draw draw) {
  return {seed, contract::RandomPurpose::kSyntheticData, static_cast<uint64_t>(draw)};
}

// Takes examples one by one.
class Collector {
 public:
  Collector(uint32_t examples, uint32_t features, uint32_t classes) {
    dataset_.feature_count = static_cast<int32_t>(features);
    dataset_.classes = static_cast<int32_t>(classes);
    features_.reserve(size_t{examples} * features);
    dataset_.train.labels.reserve(examples);
  }
  void Feature(double value) { features_.push_back(static_cast<float>(value)); }
  void Label(uint32_t label) { dataset_.train.labels.push_back(static_cast<int32_t>(label)); }
  RawDataset Finish() {
    dataset_.train.features = std::move(features_);
    return std::move(dataset_);
  }

 private:
  RawDataset dataset_;
  std::vector<float> features_;
};

RawDataset Make(const v1::TwoSpirals& spec) {
  // Lang & Witbrock's points i = 0..96 stand at the angle pi i / 16 and the radius 6.5 (104 - i) / 104.
  constexpr double kOuter = 6.5, kInner = 0.5;
  Collector made(spec.examples(), 2, 2);
  contract::RandomStream random = StreamOf(spec.seed(), Draw::kExamples);
  for (uint32_t i = 0; i < spec.examples(); ++i) {
    const double along = random.NextUniform();
    const double radius = (kOuter - (kOuter - kInner) * along) * (i % 2 == 0 ? 1 : -1);
    const double angle = 2 * spec.turns() * along;  // In units of pi.
    made.Feature(radius * contract::PortableSinPi(angle) + spec.noise() * random.NextNormal());
    made.Feature(radius * contract::PortableCosPi(angle) + spec.noise() * random.NextNormal());
    made.Label(i % 2);
  }
  return made.Finish();
}

RawDataset Make(const v1::Moons& spec) {
  Collector made(spec.examples(), 2, 2);
  contract::RandomStream random = StreamOf(spec.seed(), Draw::kExamples);
  for (uint32_t i = 0; i < spec.examples(); ++i) {
    const double along = random.NextUniform();
    const double x = contract::PortableCosPi(along);
    const double y = contract::PortableSinPi(along);
    made.Feature((i % 2 == 0 ? x : 1 - x) + spec.noise() * random.NextNormal());
    made.Feature((i % 2 == 0 ? y : 0.5 - y) + spec.noise() * random.NextNormal());
    made.Label(i % 2);
  }
  return made.Finish();
}

RawDataset Make(const v1::Blobs& spec) {
  constexpr double kReach = 10;
  std::vector<double> centres(size_t{spec.classes()} * spec.features());
  contract::RandomStream source = StreamOf(spec.seed(), Draw::kSource);
  for (double& value : centres) value = kReach * (2 * source.NextUniform() - 1);
  Collector made(spec.examples(), spec.features(), spec.classes());
  contract::RandomStream random = StreamOf(spec.seed(), Draw::kExamples);
  for (uint32_t i = 0; i < spec.examples(); ++i) {
    const uint32_t label = i % spec.classes();
    const double* centre = centres.data() + size_t{label} * spec.features();
    for (uint32_t f = 0; f < spec.features(); ++f) made.Feature(centre[f] + spec.noise() * random.NextNormal());
    made.Label(label);
  }
  return made.Finish();
}

// A dense layer with normal weights of deviation 1 / sqrt(inputs), and biases of deviation `bias`.
class RandomLayer {
 public:
  RandomLayer(uint32_t inputs, uint32_t outputs, double bias, contract::RandomStream* random)
      : weights_(size_t{inputs} * outputs), biases_(outputs) {
    const double scale = 1 / std::sqrt(static_cast<double>(inputs));
    for (double& weight : weights_) weight = scale * random->NextNormal();
    for (double& value : biases_) value = bias * random->NextNormal();
  }
  void Apply(const std::vector<double>& in, std::vector<double>* out) const {
    *out = biases_;
    const double* row = weights_.data();
    for (const double value : in) {
      for (double& sum : *out) sum += value * *row++;
    }
  }

 private:
  std::vector<double> weights_, biases_;
};

RawDataset Make(const v1::Teacher& spec) {
  contract::RandomStream source = StreamOf(spec.seed(), Draw::kSource);
  const RandomLayer first(spec.features(), spec.hidden(), /*bias=*/0.5, &source);
  const RandomLayer second(spec.hidden(), spec.classes(), /*bias=*/0, &source);
  Collector made(spec.examples(), spec.features(), spec.classes());
  contract::RandomStream random = StreamOf(spec.seed(), Draw::kExamples);
  std::vector<double> inputs(spec.features()), hidden, outputs;
  for (uint32_t i = 0; i < spec.examples(); ++i) {
    for (double& value : inputs) {
      value = static_cast<float>(random.NextNormal());
      made.Feature(value);
    }
    first.Apply(inputs, &hidden);
    for (double& value : hidden) value = value > 0 ? value : 0;
    second.Apply(hidden, &outputs);
    uint32_t label = 0;
    for (uint32_t c = 1; c < spec.classes(); ++c) {
      if (outputs[c] > outputs[label]) label = c;
    }
    // Drawn without noise, too, so that the noise changes labels alone.
    const bool wrong = random.NextUniform() < spec.noise();
    const auto shift = static_cast<uint32_t>(1 + random.NextBelow(spec.classes() - 1));
    made.Label(wrong ? (label + shift) % spec.classes() : label);
  }
  return made.Finish();
}

RawDataset MakeSource(const v1::Dataset& dataset) {
  switch (dataset.source_case()) {
    case v1::Dataset::kTwoSpirals:
      return Make(dataset.two_spirals());
    case v1::Dataset::kMoons:
      return Make(dataset.moons());
    case v1::Dataset::kBlobs:
      return Make(dataset.blobs());
    case v1::Dataset::kTeacher:
      return Make(dataset.teacher());
    default:
      return {};
  }
}

std::string DigestOf(const RawDataset& dataset) {
  contract::Sha256 digest;
  const int32_t sizes[] = {dataset.feature_count, dataset.classes};
  digest.Update(sizes, sizeof(sizes));
  const auto& features = std::get<std::vector<float>>(dataset.train.features);
  digest.Update(features.data(), features.size() * sizeof(float));
  digest.Update(dataset.train.labels.data(), dataset.train.labels.size() * sizeof(int32_t));
  return digest.FinishHex();
}

absl::Status CheckSize(const v1::Dataset& dataset) {
  uint64_t examples = 0, features = 0;
  if (dataset.has_blobs()) {
    examples = dataset.blobs().examples();
    features = dataset.blobs().features();
  } else if (dataset.has_teacher()) {
    examples = dataset.teacher().examples();
    features = dataset.teacher().features();
  }
  constexpr uint64_t kMost = kMaxFileBytes / sizeof(float);
  if (examples * features <= kMost) return absl::OkStatus();
  return contract::InvalidArgument(
      {{absl::StrCat("train.dataset.", dataset.has_blobs() ? "blobs" : "teacher", ".examples"),
        absl::StrCat(examples, " examples of ", features, " features are more than ", kMost, " values")}});
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RawDataset>> GenerateSynthetic(const v1::Dataset& dataset) {
  if (absl::Status status = CheckSize(dataset); !status.ok()) return status;
  v1::Dataset source = dataset;  // Nothing but the source.
  for (const auto clear :
       {&v1::Dataset::clear_validation_fraction, &v1::Dataset::clear_test_fraction, &v1::Dataset::clear_split_seed,
        &v1::Dataset::clear_standardize, &v1::Dataset::clear_label_noise, &v1::Dataset::clear_augmentation}) {
    (source.*clear)();
  }
  static auto* const mutex = new std::mutex;
  static auto* const held = new std::map<std::string, std::weak_ptr<const RawDataset>>;
  const std::string key = source.SerializeAsString();
  const std::lock_guard<std::mutex> lock(*mutex);
  std::erase_if(*held, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = held->find(key); found != held->end()) {
    if (auto shared = found->second.lock()) return shared;
  }
  RawDataset made = MakeSource(source);
  made.name = contract::DatasetName(source);
  made.digest = DigestOf(made);
  auto shared = std::make_shared<const RawDataset>(std::move(made));
  (*held)[key] = shared;
  return shared;
}

const std::map<std::string, std::string>& SyntheticDigests() {
  static const auto* digests = [] {
    auto* all = new std::map<std::string, std::string>;
    const auto* sources = v1::Dataset::descriptor()->FindOneofByName("source");
    for (int i = 0; i < sources->field_count(); ++i) {
      const auto* field = sources->field(i);
      if (field->message_type() == nullptr) continue;
      v1::Dataset dataset;
      dataset.GetReflection()->MutableMessage(&dataset, field);
      contract::FillDefaults(&dataset);
      (*all)[contract::DatasetName(dataset)] = DigestOf(MakeSource(dataset));
    }
    return all;
  }();
  return *digests;
}

}  // namespace basin::worker::data
