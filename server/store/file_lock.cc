#include "server/store/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace basin::server::store {

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& path) {
  FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.file_ < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", path));
    char holder[32] = {};
    const ssize_t size = ::pread(lock.file_, holder, sizeof(holder) - 1, 0);
    std::string who =
        size > 0 ? absl::StrCat(" (process ", std::string(holder, holder[size - 1] == '\n' ? size - 1 : size), ")")
                 : "";
    return absl::FailedPreconditionError(
        absl::StrCat("another server", who, " uses this data dir: ", path, " is locked"));
  }
  // Only for the message above; a full disk must not keep a server from starting.
  const std::string id = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(lock.file_, 0) == 0 && ::pwrite(lock.file_, id.data(), id.size(), 0) < 0) errno = 0;
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace basin::server::store
