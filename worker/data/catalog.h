#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace basin::worker::data {

struct RawDataset;  // See raw_dataset.h.

// The data sets of a worker: `digits` and the synthetic ones, built in, and what lies below its data dir: `NAME/` with
// the files of a known form (see stored_format.h; each plain or .gz), or `NAME.csv`. Names are never paths; links out
// of the data dir are not followed. Thread-safe.
class Catalog {
 public:
  // Scans `data_dir`, which may be empty (then only `digits`) or absent. Computes digests of the files' bytes (see the
  // folder's README) and keeps them in `digest_file` for the next time, unless that is empty. FAILED_PRECONDITION if
  // the data dir is not a folder or cannot be read.
  static absl::StatusOr<std::unique_ptr<Catalog>> Open(const std::filesystem::path& data_dir,
                                                       const std::filesystem::path& digest_file = {});
  virtual ~Catalog() = default;

  // Name -> SHA-256 in hex of the stored bytes; of a synthetic set (contract::DatasetName) that of a sample, by which
  // workers whose generators agree know each other. A stored set whose files are damaged is listed too: loading it says
  // what is wrong.
  virtual std::map<std::string, std::string> Digests() const = 0;

  // Loads and checks the stored set, or returns the one loaded before. NOT_FOUND (with the names there are) if there is
  // none of that name; DATA_LOSS, naming the file and what is wrong at which place, if it is damaged; UNAVAILABLE if
  // this machine cannot read it, or if its files are sound but others than those whose digest was announced.
  virtual absl::StatusOr<std::shared_ptr<const RawDataset>> Load(const std::string& name) const = 0;
};

}  // namespace basin::worker::data
