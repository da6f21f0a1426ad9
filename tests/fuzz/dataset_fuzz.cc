// Bytes as the files of a data set: the first byte says the format; each file but the last is preceded by its length.

#include <cmath>
#include <vector>

#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/fuzz_target.h"
#include "worker/data/cifar.h"
#include "worker/data/csv.h"
#include "worker/data/gzip.h"
#include "worker/data/idx.h"
#include "worker/data/npy.h"

namespace basin::tests::fuzz {
namespace {

using worker::data::NamedBytes;
using worker::data::RawDataset;

void CheckSound(const absl::StatusOr<RawDataset>& dataset) {
  if (!dataset.ok()) return Require(absl::IsDataLoss(dataset.status()), "a damaged file is DATA_LOSS");
  Require(dataset->classes >= 2 && dataset->feature_count >= 1, "a data set has classes and features");
  for (const auto* part : {&dataset->train, &dataset->test}) {
    const size_t values = std::visit([](const auto& all) { return all.size(); }, part->features);
    Require(values == part->labels.size() * static_cast<size_t>(dataset->feature_count), "features fit the labels");
    for (const int32_t label : part->labels) Require(0 <= label && label < dataset->classes, "labels are classes");
    if (const auto* floats = std::get_if<std::vector<float>>(&part->features)) {
      for (const float value : *floats) Require(std::isfinite(value), "features are finite");
    }
  }
}

std::vector<NamedBytes> Files(ByteReader& reader, size_t count) {
  std::vector<NamedBytes> files;
  while (files.size() + 1 < count) files.push_back({"file-" + std::to_string(files.size()), reader.Piece()});
  files.push_back({"file-" + std::to_string(files.size()), reader.Rest()});
  return files;
}

void Load(ByteReader& reader) {
  switch (reader.Byte()) {
    case 'c':
      return CheckSound(worker::data::LoadCsv(reader.Rest(), "file"));
    case 'i': {
      const auto files = Files(reader, 4);
      return CheckSound(worker::data::LoadIdx(files[0], files[1], files[2], files[3]));
    }
    case 'n':
      return CheckSound(worker::data::LoadNpy(Files(reader, 2)));
    case 'N':
      return CheckSound(worker::data::LoadNpy(Files(reader, 4)));
    case 'r':
      return CheckSound(worker::data::LoadCifar100(Files(reader, 2)));
    case 'g': {
      const auto bytes = worker::data::Gunzip(reader.Rest(), "file", 1 << 16);
      return Require(bytes.ok() ? bytes->size() <= 1 << 16 : absl::IsDataLoss(bytes.status()), "gzip keeps its limit");
    }
    default:
      return;
  }
}

}  // namespace
}  // namespace basin::tests::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  basin::tests::fuzz::ByteReader reader(data, size);
  basin::tests::fuzz::Load(reader);
  return 0;
}
