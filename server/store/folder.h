#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Files and folders that must survive power loss.
namespace basin::server::store {

// Makes the names of new files in the folder survive power loss.
absl::Status SyncFolder(const std::string& folder);

// Makes the bytes of a file survive power loss.
absl::Status SyncFile(const std::string& path);

// Asks the system to forget what it holds of a file in memory and has written, so that it is read from the disk.
void DropCached(const std::string& path);

// A lock on a folder, among programs that ask for it, while it lives; the kernel lets go of it with the process. Of the
// folder of artifacts: nothing is removed from it while it is shared.
class FolderLock {
 public:
  // Waits for who has it alone.
  static absl::StatusOr<FolderLock> Share(const std::filesystem::path& folder);
  // Nothing if anybody else has it.
  static absl::StatusOr<std::optional<FolderLock>> TryAlone(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : folder_(std::exchange(other.folder_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(folder_, other.folder_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int folder) : folder_(folder) {}
  int folder_ = -1;
};

// SHA-256 of the file's bytes, as 64 hex digits.
absl::StatusOr<std::string> DigestOfFile(const std::filesystem::path& path);

// Below a data dir.
inline constexpr char kArtifactFolder[] = "artifacts";

// The names of the data dir's artifacts; none if it has no folder of them.
absl::StatusOr<std::vector<std::string>> ArtifactsIn(const std::filesystem::path& data_dir);

// Whether `name` is 64 lower-case hex digits, as every artifact is named.
bool IsDigestName(const std::string& name);

}  // namespace basin::server::store
