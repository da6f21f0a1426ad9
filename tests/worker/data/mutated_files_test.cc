#include <algorithm>
#include <cmath>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "tests/worker/data/sample_files.h"
#include "worker/data/cifar.h"
#include "worker/data/csv.h"
#include "worker/data/gzip.h"
#include "worker/data/idx.h"
#include "worker/data/npy.h"

// Whatever the bytes are, a loader gives a sound set or DATA_LOSS that names a file of the set.

namespace basin::worker::data {
namespace {

using Files = std::vector<std::string>;

struct Loader {
  const char* name;
  Files files;
  std::function<absl::StatusOr<RawDataset>(std::span<const NamedBytes>)> load;
};

void PrintTo(const Loader& loader, std::ostream* out) { *out << loader.name; }

// A few edits: a byte changed, taken out, put in, or the end cut off; the first bytes, where headers are, more often.
void Mutate(std::string* bytes, contract::RandomStream* random) {
  static const std::string kTelling = std::string("\0\xff\x7f\x80 ,(){}'<>-0129.eEnN\n\"", 25);
  const uint64_t edits = 1 + random->NextBelow(4);
  for (uint64_t i = 0; i < edits && !bytes->empty(); ++i) {
    const uint64_t range = random->NextBelow(2) == 0 ? std::min<uint64_t>(bytes->size(), 128) : bytes->size();
    const size_t at = random->NextBelow(range);
    const char value = random->NextBelow(2) == 0 ? static_cast<char>(random->NextBelow(256))
                                                 : kTelling[random->NextBelow(kTelling.size())];
    switch (random->NextBelow(6)) {
      case 0:
        bytes->erase(at, 1);
        break;
      case 1:
        bytes->insert(at, 1, value);
        break;
      case 2:
        bytes->resize(at);
        break;
      default:
        (*bytes)[at] = value;
    }
  }
}

size_t ValuesOf(const RawPart& part) {
  return std::visit([](const auto& values) { return values.size(); }, part.features);
}

void ExpectSound(const RawDataset& dataset) {
  ASSERT_GE(dataset.classes, 2);
  ASSERT_GE(dataset.feature_count, 1);
  ASSERT_TRUE(!dataset.image.is_image() || dataset.image.size() == dataset.feature_count);
  for (const RawPart* part : {&dataset.train, &dataset.test}) {
    ASSERT_EQ(ValuesOf(*part), part->labels.size() * static_cast<size_t>(dataset.feature_count));
    for (const int32_t label : part->labels) ASSERT_TRUE(0 <= label && label < dataset.classes) << label;
    if (!std::holds_alternative<std::vector<float>>(part->features)) continue;
    for (const float value : FloatsOf(*part)) ASSERT_TRUE(std::isfinite(value));
  }
}

class MutatedFilesTest : public testing::TestWithParam<Loader> {};

TEST_P(MutatedFilesTest, GiveASoundSetOrDataLossNamingAFile) {
  constexpr int kRounds = 2500;
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    contract::RandomStream random(1, contract::RandomPurpose::kShuffle, static_cast<uint64_t>(round));
    Files files = GetParam().files;
    Mutate(&files[random.NextBelow(files.size())], &random);
    std::vector<NamedBytes> named;
    for (size_t i = 0; i < files.size(); ++i) named.push_back({"set/file" + std::to_string(i), files[i]});
    const auto dataset = GetParam().load(named);
    if (dataset.ok()) {
      ExpectSound(*dataset);
    } else {
      ++refused;
      ASSERT_EQ(dataset.status().code(), absl::StatusCode::kDataLoss) << dataset.status();
      ASSERT_EQ(dataset.status().message().substr(0, 8), "set/file") << dataset.status();
    }
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  EXPECT_GT(refused, kRounds / 10) << "hardly any of the edits did harm";
}

INSTANTIATE_TEST_SUITE_P(
    Loaders, MutatedFilesTest,
    testing::Values(
        Loader{"Idx",
               {IdxImages(6), IdxLabels({0, 1, 2, 0, 1, 2}), IdxImages(2), IdxLabels({2, 0})},
               [](std::span<const NamedBytes> f) { return LoadIdx(f[0], f[1], f[2], f[3]); }},
        Loader{"Npy",
               {Npy<float>("<f4", "(4, 2)", {1, 2, 3, 4, 5, 6, 7, 8}), Npy<int64_t>("<i8", "(4,)", {0, 1, 2, 1}),
                Npy<float>("<f4", "(1, 2)", {1, 2}), Npy<uint8_t>("|u1", "(1,)", {2})},
               LoadNpy},
        Loader{"NpyImages",
               {Npy<uint8_t>("|u1", "(2, 2, 2, 1)", {1, 2, 3, 4, 5, 6, 7, 8}), Npy<int16_t>("<i2", "(2,)", {0, 1})},
               LoadNpy},
        Loader{"Cifar100", {CifarRecord({19, 99}), CifarRecord({1, 2})}, LoadCifar100},
        Loader{"Csv",
               {"a,b,class\n1,2.5,yes\n-3,4e3,no\n\"5\",6,yes\n"},
               [](std::span<const NamedBytes> f) { return LoadCsv(f[0].bytes, f[0].name); }},
        Loader{"PackedIdx",
               {Gzip(IdxImages(6))},
               [](std::span<const NamedBytes> f) -> absl::StatusOr<RawDataset> {
                 const auto images = Gunzip(f[0].bytes, f[0].name, 1 << 20);
                 if (!images.ok()) return images.status();
                 const std::string labels = IdxLabels({0, 1, 2, 0, 1, 2});
                 const NamedBytes label_file{"set/file1", labels};
                 return LoadIdx({f[0].name, *images}, label_file, {f[0].name, *images}, label_file);
               }}),
    [](const testing::TestParamInfo<Loader>& loader) { return loader.param.name; });

}  // namespace
}  // namespace basin::worker::data
