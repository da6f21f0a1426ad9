#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace basin::worker::data {

// What the file system says of a file's contents: another stamp after every change of them.
struct FileStamp {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t modified_ns = 0, changed_ns = 0;  // Of contents, and of contents or attributes, since 1970.

  auto operator<=>(const FileStamp&) const = default;
};

// Digests of files by their stamps, so that a worker does not read all its data at every start. They are for
// announcing what there is: what is used is digested when it is read. Thread-safe.
class DigestCache {
 public:
  // Reads `file`, in which the digests are kept; empty: they are not. A file that is not there or not one of these
  // holds none.
  explicit DigestCache(std::filesystem::path file);

  // SHA-256 in hex of the contents; nothing if they were not digested before.
  std::optional<std::string> Find(const FileStamp& stamp);
  void Add(const FileStamp& stamp, const std::string& digest);
  // Writes what was found or added, as a whole or not at all; where that can't be, the next start digests again. Leaves
  // out files that changed so lately that they may change again within the same tick of the file system's clock.
  void Save();
  // One of the digests was wrong: the file goes.
  void Forget();

 private:
  const std::filesystem::path file_;
  std::mutex mutex_;
  std::map<FileStamp, std::string> known_, used_;
};

}  // namespace basin::worker::data
