#include "server/access/token_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/digest.h"

namespace basin::server::access {
namespace {

constexpr size_t kTokenBytes = 32, kDigestLetters = 64;
constexpr char kHeader[] = "# Hashes of tokens, kept by `basin-server token`: NAME ROLE SHA-256 CREATED\n";

absl::Status Trouble(const std::string& path) {
  return absl::UnavailableError(absl::StrCat("cannot use the token file ", path, ": ", std::strerror(errno)));
}

// One writer at a time.
class FileLock {
 public:
  explicit FileLock(const std::string& path) : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (file_ >= 0) held_ = flock(file_, LOCK_EX) == 0;
  }
  ~FileLock() {
    if (file_ >= 0) close(file_);
  }
  bool held() const { return held_; }

 private:
  const int file_;
  bool held_ = false;
};

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

bool IsCallerName(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || std::strchr("._-@:", c) != nullptr; };
  return !name.empty() && name.size() <= 128 && std::isalnum(static_cast<unsigned char>(name[0])) &&
         std::ranges::all_of(name, fits);
}

absl::StatusOr<TokenFile> TokenFile::Read(const std::string& path) {
  TokenFile result;
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return result;
    return Trouble(path);
  }
  if ((info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the token file ", path, " is open to others than its owner; run `chmod 600 ", path, "`"));
  }
  std::ifstream file(path);
  if (!file) return Trouble(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string role, rest;
    Token token;
    words >> token.name >> role >> token.digest >> token.created;
    const std::optional<Role> known = RoleNamed(role);
    if (!IsCallerName(token.name) || !known || token.digest.size() != kDigestLetters || words >> rest) {
      return absl::InvalidArgumentError(
          absl::StrCat("the token file ", path, ", line ", number, ": expected NAME ROLE SHA-256 CREATED"));
    }
    token.role = *known;
    result.tokens_.push_back(std::move(token));
  }
  return result;
}

absl::Status TokenFile::Write(const std::string& path) const {
  std::string text = kHeader;
  for (const Token& token : tokens_) {
    absl::StrAppend(&text, token.name, " ", std::string(NameOf(token.role)), " ", token.digest, " ", token.created,
                    "\n");
  }
  const std::string fresh = path + ".new";
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Trouble(fresh);
  const bool written = fchmod(file, 0600) == 0 && WriteAll(file, text) && fsync(file) == 0;
  const bool closed = close(file) == 0;
  if (!written || !closed || std::rename(fresh.c_str(), path.c_str()) != 0) return Trouble(path);
  return absl::OkStatus();
}

absl::StatusOr<std::string> TokenFile::Create(const std::string& path, const std::string& name, Role role,
                                              const std::string& created) {
  if (!IsCallerName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' is not a name: up to 128 letters, digits, '.', '_', '-', '@', ':'"));
  }
  const FileLock lock(path + ".lock");
  if (!lock.held()) return Trouble(path + ".lock");
  absl::StatusOr<TokenFile> file = Read(path);
  if (!file.ok()) return file.status();
  for (const Token& token : file->tokens_) {
    if (token.name == name) {
      return absl::AlreadyExistsError(absl::StrCat("'", name,
                                                   "' has a token already; revoke it with `basin-server "
                                                   "token revoke --name ",
                                                   name, "`, or choose another name"));
    }
  }
  unsigned char bytes[kTokenBytes];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) return absl::InternalError("the machine gives no random bytes");
  const std::string token =
      absl::StrCat("basin_", absl::BytesToHexString({reinterpret_cast<const char*>(bytes), sizeof(bytes)}));
  file->tokens_.push_back({name, role, contract::Sha256Hex(token), created});
  const absl::Status written = file->Write(path);
  if (!written.ok()) return written;
  return token;
}

absl::Status TokenFile::Revoke(const std::string& path, const std::string& name) {
  const FileLock lock(path + ".lock");
  if (!lock.held()) return Trouble(path + ".lock");
  absl::StatusOr<TokenFile> file = Read(path);
  if (!file.ok()) return file.status();
  if (std::erase_if(file->tokens_, [&](const Token& token) { return token.name == name; }) == 0) {
    return absl::NotFoundError(absl::StrCat("there is no token of '", name, "'; see `basin-server token list`"));
  }
  return file->Write(path);
}

const Token* TokenFile::Find(std::string_view token) const {
  const std::string digest = contract::Sha256Hex(token);
  const Token* found = nullptr;
  for (const Token& one : tokens_) {
    if (CRYPTO_memcmp(one.digest.data(), digest.data(), kDigestLetters) == 0) found = &one;
  }
  return found;
}

}  // namespace basin::server::access
