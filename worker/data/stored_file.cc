#include "worker/data/stored_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/contract/digest.h"

namespace basin::worker::data {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status OpenFault(const std::string& relative, int error) {
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(absl::StrCat(relative, " is missing"));
    case ELOOP:
    case ENOTDIR:
      return Damaged(relative, "is a link or not a regular file; links are not followed");
    default:
      return absl::UnavailableError(absl::StrCat(relative, " cannot be opened: ", std::strerror(error)));
  }
}

// Opens each component relative to the one before, so that no link can be put between a check and its use.
absl::StatusOr<FileDescriptor> OpenStoredFile(const std::filesystem::path& data_dir, const std::string& relative) {
  FileDescriptor at(open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.get() < 0) return OpenFault(data_dir.string(), errno);
  const std::vector<std::string> components = absl::StrSplit(relative, '/');
  for (size_t i = 0; i < components.size(); ++i) {
    if (components[i].empty() || components[i] == "." || components[i] == "..") {
      return absl::InvalidArgumentError(absl::StrCat(relative, " is not a stored file's name"));
    }
    const bool last = i + 1 == components.size();
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    FileDescriptor next(
        openat(at.get(), components[i].c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (last ? O_NONBLOCK : O_DIRECTORY)));
    if (next.get() < 0) return OpenFault(relative, errno);
    at = std::move(next);
  }
  struct stat status;
  if (fstat(at.get(), &status) != 0) return OpenFault(relative, errno);
  if (!S_ISREG(status.st_mode)) return Damaged(relative, "is not a regular file");
  return at;
}

absl::StatusOr<FileStamp> StampOf(const FileDescriptor& file, const std::string& relative) {
  struct stat status;
  if (fstat(file.get(), &status) != 0) return OpenFault(relative, errno);
  const auto nanoseconds = [](const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return FileStamp{.device = status.st_dev,
                   .inode = status.st_ino,
                   .size = static_cast<uint64_t>(status.st_size),
                   .modified_ns = nanoseconds(status.st_mtim),
                   .changed_ns = nanoseconds(status.st_ctim)};
}

// Calls `take` with each piece until the end or until it returns false.
absl::Status ReadPieces(const FileDescriptor& file, const std::string& relative,
                        const std::function<bool(const char*, size_t)>& take) {
  std::vector<char> buffer(1 << 18);
  for (;;) {
    const ssize_t count = read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::UnavailableError(absl::StrCat(relative, " cannot be read: ", std::strerror(errno)));
    if (count == 0 || !take(buffer.data(), static_cast<size_t>(count))) return absl::OkStatus();
  }
}

}  // namespace

absl::Status Damaged(const std::string& file, const std::string& what) {
  return absl::DataLossError(absl::StrCat(file, ": ", what));
}

absl::StatusOr<std::string> ReadStoredFile(const std::filesystem::path& data_dir, const std::string& relative,
                                           uint64_t max_bytes) {
  absl::StatusOr<FileDescriptor> file = OpenStoredFile(data_dir, relative);
  if (!file.ok()) return file.status();
  std::string bytes;
  bool too_large = false;
  struct stat status;
  if (fstat(file->get(), &status) == 0 && status.st_size > 0) {
    if (static_cast<uint64_t>(status.st_size) > max_bytes) too_large = true;
    if (!too_large) bytes.reserve(static_cast<size_t>(status.st_size));
  }
  if (!too_large) {
    const absl::Status read = ReadPieces(*file, relative, [&](const char* data, size_t size) {
      too_large = bytes.size() + size > max_bytes;
      if (!too_large) bytes.append(data, size);
      return !too_large;
    });
    if (!read.ok()) return read;
  }
  if (too_large) return Damaged(relative, absl::StrCat("is larger than ", max_bytes, " bytes, the most that is read"));
  return bytes;
}

absl::StatusOr<std::string> DigestStoredFile(const std::filesystem::path& data_dir, const std::string& relative,
                                             DigestCache& cache) {
  absl::StatusOr<FileDescriptor> file = OpenStoredFile(data_dir, relative);
  if (!file.ok()) return file.status();
  const absl::StatusOr<FileStamp> stamp = StampOf(*file, relative);
  if (!stamp.ok()) return stamp.status();
  if (const std::optional<std::string> known = cache.Find(*stamp)) return *known;
  contract::Sha256 digest;
  const absl::Status read = ReadPieces(*file, relative, [&](const char* data, size_t size) {
    digest.Update(data, size);
    return true;
  });
  if (!read.ok()) return read;
  std::string hex = digest.FinishHex();
  // Written to meanwhile, it may have been read half of each.
  const absl::StatusOr<FileStamp> after = StampOf(*file, relative);
  if (after.ok() && *after == *stamp) cache.Add(*stamp, hex);
  return hex;
}

}  // namespace basin::worker::data
