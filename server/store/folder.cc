#include "server/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/contract/digest.h"

namespace basin::server::store {
namespace {

absl::Status Sync(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  const int failed = ::fsync(file);
  const int error = errno;
  ::close(file);
  if (failed != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot sync ", path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FolderLock> FolderLock::Share(const std::filesystem::path& folder) {
  FolderLock lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.folder_ < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", folder.string()));
  while (::flock(lock.folder_, LOCK_SH) != 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", folder.string()));
  }
  return lock;
}

absl::StatusOr<std::optional<FolderLock>> FolderLock::TryAlone(const std::filesystem::path& folder) {
  FolderLock lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.folder_ < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", folder.string()));
  if (::flock(lock.folder_, LOCK_EX | LOCK_NB) == 0) return std::optional<FolderLock>(std::move(lock));
  if (errno == EWOULDBLOCK) return std::optional<FolderLock>();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", folder.string()));
}

FolderLock::~FolderLock() {
  if (folder_ >= 0) ::close(folder_);
}

absl::Status SyncFolder(const std::string& folder) { return Sync(folder, O_DIRECTORY); }

absl::Status SyncFile(const std::string& path) { return Sync(path, 0); }

void DropCached(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

absl::StatusOr<std::string> DigestOfFile(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path.string()));
  contract::Sha256 digest;
  std::vector<char> buffer(size_t{1} << 18);
  ssize_t size = 0;
  while ((size = ::read(file, buffer.data(), buffer.size())) > 0) {
    digest.Update(buffer.data(), static_cast<size_t>(size));
  }
  const int error = errno;
  ::close(file);
  if (size < 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot read ", path.string()));
  return digest.FinishHex();
}

absl::StatusOr<std::vector<std::string>> ArtifactsIn(const std::filesystem::path& data_dir) {
  const std::filesystem::path folder = data_dir / kArtifactFolder;
  std::vector<std::string> names;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return names;
  std::filesystem::directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    if (IsDigestName(entry->path().filename().string())) names.push_back(entry->path().filename().string());
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot read ", folder.string()));
  return names;
}

bool IsDigestName(const std::string& name) {
  return name.size() == 64 &&
         std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace basin::server::store
