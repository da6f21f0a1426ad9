#include "worker/data/catalog.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/digest.h"
#include "worker/data/digest_cache.h"
#include "worker/data/embedded_digits.h"
#include "worker/data/gzip.h"
#include "worker/data/raw_dataset.h"
#include "worker/data/stored_file.h"
#include "worker/data/stored_format.h"
#include "worker/data/synthetic.h"

namespace basin::worker::data {
namespace {

namespace fs = std::filesystem;

// Stands for the digest of a file that cannot be read; loading its set says why.
const std::string kNoDigest(64, '0');

// ^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$
bool IsName(const std::string& text) {
  const auto alphanumeric = [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9');
  };
  return !text.empty() && text.size() <= 128 && alphanumeric(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool IsSynthetic(const std::string& name) { return name.rfind(contract::kSyntheticPrefix, 0) == 0; }

// The set's digest from those of its files: of one file its own, of several that of sha256sum's output for them.
std::string CombineDigests(const std::vector<std::string>& files, const std::vector<std::string>& digests) {
  if (digests.size() == 1) return digests[0];
  contract::Sha256 combined;
  for (size_t i = 0; i < digests.size(); ++i) {
    const std::string line = absl::StrCat(digests[i], "  ", fs::path(files[i]).filename().string(), "\n");
    combined.Update(line.data(), line.size());
  }
  return combined.FinishHex();
}

// One data set below the data dir: where its files are, and what they hold once they have been read.
class StoredDataset {
 public:
  // `cache` outlives it.
  StoredDataset(fs::path data_dir, std::string name, const StoredFormat& format, std::vector<std::string> files,
                DigestCache* cache)
      : data_dir_(std::move(data_dir)),
        name_(std::move(name)),
        format_(format),
        files_(std::move(files)),
        cache_(cache) {
    std::vector<std::string> digests;
    for (const std::string& file : files_) {
      const absl::StatusOr<std::string> digest = DigestStoredFile(data_dir_, file, *cache_);
      digests.push_back(digest.ok() ? *digest : kNoDigest);
    }
    digest_ = CombineDigests(files_, digests);
  }

  const std::string& digest() const { return digest_; }

  absl::StatusOr<std::shared_ptr<const RawDataset>> Load() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (loaded_ == nullptr) {
      absl::StatusOr<RawDataset> dataset = Read();
      if (!dataset.ok()) return dataset.status();
      loaded_ = std::make_shared<const RawDataset>(*std::move(dataset));
    }
    return loaded_;
  }

 private:
  absl::StatusOr<RawDataset> Read() const {
    std::vector<std::string> contents;
    std::vector<std::string> digests;
    for (const std::string& file : files_) {
      absl::StatusOr<std::string> bytes = ReadStoredFile(data_dir_, file);
      if (absl::IsNotFound(bytes.status())) return Damaged(file, "is missing");
      if (!bytes.ok()) return bytes.status();
      digests.push_back(contract::Sha256Hex(*bytes));
      if (fs::path(file).extension() == ".gz") {
        bytes = Gunzip(*bytes, file, kMaxFileBytes);
        if (!bytes.ok()) return bytes.status();
      }
      contents.push_back(*std::move(bytes));
    }
    std::vector<NamedBytes> files;
    for (size_t i = 0; i < files_.size(); ++i) files.push_back({files_[i], contents[i]});
    absl::StatusOr<RawDataset> dataset = format_.load(files);
    if (!dataset.ok()) return dataset;
    dataset->name = name_;
    dataset->digest = CombineDigests(files_, digests);
    if (dataset->digest != digest_) {
      cache_->Forget();
      return absl::UnavailableError(
          absl::StrCat("the files of the data set ", name_, " have changed since this worker started; start it again"));
    }
    return dataset;
  }

  const fs::path data_dir_;
  const std::string name_;
  const StoredFormat& format_;
  const std::vector<std::string> files_;  // Relative to the data dir.
  DigestCache* const cache_;
  std::string digest_;
  std::mutex mutex_;  // Guards loaded_, and lets one thread alone do the reading.
  std::shared_ptr<const RawDataset> loaded_;
};

class DirectoryCatalog : public Catalog {
 public:
  DirectoryCatalog(fs::path data_dir, fs::path digest_file)
      : data_dir_(std::move(data_dir)), cache_(std::move(digest_file)) {}

  absl::Status Scan() {
    std::error_code error;
    if (data_dir_.empty() || !fs::exists(data_dir_, error)) return absl::OkStatus();
    fs::directory_iterator entries(data_dir_, error);
    if (error) return CannotRead(error);
    // In order of names, so that what happens does not depend on the file system's.
    std::map<std::string, fs::file_type> types;
    for (; entries != fs::directory_iterator(); entries.increment(error)) {
      std::error_code type_error;
      types[entries->path().filename().string()] = entries->symlink_status(type_error).type();
    }
    if (error) return CannotRead(error);
    for (const auto& [file_name, type] : types) ScanEntry(file_name, type);
    cache_.Save();
    return absl::OkStatus();
  }

  std::map<std::string, std::string> Digests() const override {
    std::map<std::string, std::string> digests = SyntheticDigests();
    digests[kDigitsName] = contract::Sha256Hex(EmbeddedDigitsFile());
    for (const auto& [name, dataset] : stored_) digests[name] = dataset->digest();
    return digests;
  }

  absl::StatusOr<std::shared_ptr<const RawDataset>> Load(const std::string& name) const override {
    if (name == kDigitsName) {
      const std::lock_guard<std::mutex> lock(digits_mutex_);
      if (digits_ == nullptr) digits_ = std::make_shared<const RawDataset>(LoadEmbeddedDigits());
      return digits_;
    }
    if (IsSynthetic(name)) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is made from settings, not stored; write `dataset: {",
                                                     name.substr(std::strlen(contract::kSyntheticPrefix)), ": {}}`"));
    }
    const auto found = stored_.find(name);
    if (found != stored_.end()) return found->second->Load();
    if (const auto reason = unusable_.find(name); reason != unusable_.end()) {
      return absl::NotFoundError(absl::StrCat("this worker cannot use the data set ", name, ": ", reason->second));
    }
    std::vector<std::string> names = {kDigitsName};
    for (const auto& entry : stored_) names.push_back(entry.first);
    return absl::NotFoundError(
        absl::StrCat("this worker has no data set of that name; it has ", absl::StrJoin(names, ", ")));
  }

 private:
  absl::Status CannotRead(const std::error_code& error) const {
    return absl::FailedPreconditionError(
        absl::StrCat("the data dir ", data_dir_.string(), " cannot be read: ", error.message()));
  }

  void ScanEntry(const std::string& file_name, fs::file_type type) {
    const bool csv = type != fs::file_type::directory && fs::path(file_name).extension() == ".csv";
    const std::string name = csv ? fs::path(file_name).stem().string() : file_name;
    if (!IsName(name)) return;
    if (type == fs::file_type::symlink) {
      unusable_.emplace(name, absl::StrCat(file_name, " is a link, and links are not followed"));
      return;
    }
    if (type != fs::file_type::directory && !csv) return;
    StoredFolder found{&CsvFormat(), {file_name}};
    if (!csv) {
      found = RecognizeFolder(file_name, [this](const std::string& relative) {
        std::error_code error;
        return fs::symlink_status(data_dir_ / relative, error).type() != fs::file_type::not_found && !error;
      });
    }
    if (found.format == nullptr) {
      unusable_.emplace(name,
                        absl::StrCat("the folder ", file_name, " has no files of a known form: ", KnownFolders()));
    } else if (name == kDigitsName || IsSynthetic(name)) {
      unusable_.emplace(name, "the name belongs to the built-in set");
    } else if (stored_.count(name) > 0) {
      // Either could be meant, so neither is taken.
      stored_.erase(name);
      unusable_.emplace(name, absl::StrCat("there are both a folder ", name, " and a file ", name, ".csv"));
    } else {
      stored_[name] = std::make_unique<StoredDataset>(data_dir_, name, *found.format, std::move(found.files), &cache_);
    }
  }

  const fs::path data_dir_;
  DigestCache cache_;
  std::map<std::string, std::unique_ptr<StoredDataset>> stored_;
  std::map<std::string, std::string> unusable_;  // Name -> why what lies there is no data set.
  mutable std::mutex digits_mutex_;
  mutable std::shared_ptr<const RawDataset> digits_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Catalog>> Catalog::Open(const fs::path& data_dir, const fs::path& digest_file) {
  auto catalog = std::make_unique<DirectoryCatalog>(data_dir, digest_file);
  if (absl::Status scanned = catalog->Scan(); !scanned.ok()) return scanned;
  return catalog;
}

}  // namespace basin::worker::data
