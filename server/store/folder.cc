#include "server/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

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

absl::Status SyncFolder(const std::string& folder) { return Sync(folder, O_DIRECTORY); }

absl::Status SyncFile(const std::string& path) { return Sync(path, 0); }

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

bool IsDigestName(const std::string& name) {
  return name.size() == 64 &&
         std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace basin::server::store
