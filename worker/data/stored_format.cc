#include "worker/data/stored_format.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/data/cifar.h"
#include "worker/data/csv.h"
#include "worker/data/idx.h"
#include "worker/data/npy.h"

namespace basin::worker::data {
namespace {

// The order of the files is that of the digest.
const std::vector<StoredFormat>& FolderFormats() {
  static const auto* formats = new std::vector<StoredFormat>{
      {.files = {{{"train-images-idx3-ubyte", "train-images-idx4-ubyte"}},
                 {{"train-labels-idx1-ubyte"}},
                 {{"t10k-images-idx3-ubyte", "t10k-images-idx4-ubyte"}},
                 {{"t10k-labels-idx1-ubyte"}}},
       .load = [](std::span<const NamedBytes> files) { return LoadIdx(files[0], files[1], files[2], files[3]); }},
      {.files = {{{"data_batch_1.bin"}},
                 {{"data_batch_2.bin"}},
                 {{"data_batch_3.bin"}},
                 {{"data_batch_4.bin"}},
                 {{"data_batch_5.bin"}},
                 {{"test_batch.bin"}}},
       .load = LoadCifar10},
      {.files = {{{"train.bin"}}, {{"test.bin"}}}, .load = LoadCifar100},
      {.files = {{{"x_train.npy"}}, {{"y_train.npy"}}, {{"x_test.npy"}, true}, {{"y_test.npy"}, true}},
       .load = LoadNpy},
  };
  return *formats;
}

}  // namespace

const StoredFormat& CsvFormat() {
  static const auto* format = new StoredFormat{
      .files = {}, .load = [](std::span<const NamedBytes> files) { return LoadCsv(files[0].bytes, files[0].name); }};
  return *format;
}

StoredFolder RecognizeFolder(const std::string& folder, const std::function<bool(const std::string&)>& is_there) {
  for (const StoredFormat& format : FolderFormats()) {
    StoredFolder found{&format, {}};
    bool any = false;
    for (const StoredFormat::File& file : format.files) {
      std::string taken;
      for (const std::string& name : file.names) {
        for (const char* packed : {"", ".gz"}) {
          const std::string path = absl::StrCat(folder, "/", name, packed);
          if (taken.empty() && is_there(path)) taken = path;
        }
      }
      any = any || !taken.empty();
      if (taken.empty() && !file.optional) taken = absl::StrCat(folder, "/", file.names[0]);
      if (!taken.empty()) found.files.push_back(std::move(taken));
    }
    if (any) return found;
  }
  return {};
}

std::string KnownFolders() {
  std::string text;
  for (const StoredFormat& format : FolderFormats()) {
    absl::StrAppend(&text, text.empty() ? "" : ", or ");
    bool first = true;
    for (const StoredFormat::File& file : format.files) {
      if (file.optional) continue;
      absl::StrAppend(&text, first ? "" : ", ", file.names[0]);
      first = false;
    }
  }
  return text;
}

}  // namespace basin::worker::data
