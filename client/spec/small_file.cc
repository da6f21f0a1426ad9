#include "client/spec/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace basin::client::spec {

absl::Status TooLargeFile(const std::string& filename) {
  return absl::InvalidArgumentError(
      absl::StrCat(filename, ": is larger than a sweep file may be, ", kMaxFileBytes, " bytes"));
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const auto cannot_read = [&path] {
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  };
  // O_NONBLOCK: a pipe without a writer must not hang.
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return cannot_read();
  struct stat status;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file);
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  std::string text(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file, text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const absl::Status failure = cannot_read();
      close(file);
      return failure;
    }
    size += static_cast<size_t>(got);
  }
  close(file);
  if (size > kMaxFileBytes) return TooLargeFile(path);
  text.resize(size);
  return text;
}

}  // namespace basin::client::spec
