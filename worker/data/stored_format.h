#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/raw_dataset.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {

// A form in which data sets are stored, in files of known names.
struct StoredFormat {
  struct File {
    std::vector<std::string> names;  // In whichever is there, each plain or packed (.gz).
    bool optional = false;
  };
  std::vector<File> files;
  // Takes the files' unpacked bytes, in order; optional ones that are not there are left out. DATA_LOSS as each loader
  // says. The name and digest of the result are left empty.
  absl::StatusOr<RawDataset> (*load)(std::span<const NamedBytes> files);
};

// The table NAME.csv.
const StoredFormat& CsvFormat();

// A folder's files, relative to the data dir, and their form.
struct StoredFolder {
  const StoredFormat* format = nullptr;  // Null: no known one.
  std::vector<std::string> files;
};

// Looks by `is_there` which form's files the folder has; one of them is enough, since loading says which are missing.
StoredFolder RecognizeFolder(const std::string& folder, const std::function<bool(const std::string&)>& is_there);

// The files that make a folder a data set, for messages.
std::string KnownFolders();

}  // namespace basin::worker::data
