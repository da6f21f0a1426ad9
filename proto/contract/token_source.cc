#include "proto/contract/token_source.h"

#include <sys/stat.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace basin::contract {
namespace {

constexpr size_t kLongestToken = 4096;

// What tells one version of a file from the next.
using FileVersion = std::tuple<ino_t, off_t, int64_t, int64_t>;

struct Reading {
  FileVersion version;
  std::string token;
};

FileVersion VersionOf(const struct stat& info) {
  return {info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

absl::StatusOr<Reading> ReadTokenFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat("cannot read the token file ", path, ": ", std::strerror(errno)));
  }
  if ((info.st_mode & S_IROTH) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("everybody on this machine may read the token file ", path, "; run `chmod 600 ", path, "`"));
  }
  std::ifstream file(path);
  if (!file) {
    return absl::NotFoundError(absl::StrCat("cannot read the token file ", path, ": ", std::strerror(errno)));
  }
  std::string token, rest;
  file >> token >> rest;
  const bool printable =
      token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~+/=-") ==
      std::string::npos;
  if (token.empty() || token.size() > kLongestToken || !rest.empty() || !printable) {
    return absl::InvalidArgumentError(absl::StrCat("the token file ", path,
                                                   " does not hold one line with a token, as `basin-server token "
                                                   "create` prints it"));
  }
  return Reading{VersionOf(info), std::move(token)};
}

class FileTokenSource : public TokenSource {
 public:
  FileTokenSource(std::string path, Reading reading) : path_(std::move(path)), last_(std::move(reading)) {}

  std::string Read() override {
    const std::lock_guard lock(mutex_);
    struct stat info;
    if (stat(path_.c_str(), &info) == 0 && VersionOf(info) != last_.version) {
      absl::StatusOr<Reading> reading = ReadTokenFile(path_);
      if (reading.ok()) last_ = *std::move(reading);
    }
    return last_.token;
  }

 private:
  const std::string path_;
  std::mutex mutex_;
  Reading last_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TokenSource>> TokenSource::Open(const std::string& path) {
  absl::StatusOr<Reading> reading = ReadTokenFile(path);
  if (!reading.ok()) return reading.status();
  return std::make_unique<FileTokenSource>(path, *std::move(reading));
}

}  // namespace basin::contract
