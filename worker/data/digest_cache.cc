#include "worker/data/digest_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace basin::worker::data {
namespace {

namespace fs = std::filesystem;

constexpr char kForm[] = "basin-digests-1";
constexpr size_t kMostLines = 1000000, kDigestDigits = 64;
constexpr int64_t kCoarsestTick = 2'000'000'000;  // Of FAT; others are finer.

bool IsDigest(const std::string& text) {
  return text.size() == kDigestDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::map<FileStamp, std::string> Read(const fs::path& file) {
  std::map<FileStamp, std::string> known;
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line) || line != kForm) return known;
  while (known.size() < kMostLines && std::getline(in, line)) {
    std::istringstream words(line);
    FileStamp stamp;
    std::string digest;
    words >> stamp.device >> stamp.inode >> stamp.size >> stamp.modified_ns >> stamp.changed_ns >> digest;
    if (words && IsDigest(digest)) known[stamp] = digest;
  }
  return known;
}

// By the file system's clock; 0 if that is not to be had.
int64_t ModifiedAt(const fs::path& file) {
  struct stat status;
  if (stat(file.c_str(), &status) != 0) return 0;
  return int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace

DigestCache::DigestCache(fs::path file) : file_(std::move(file)) {
  if (!file_.empty()) known_ = Read(file_);
}

std::optional<std::string> DigestCache::Find(const FileStamp& stamp) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(stamp);
  if (found == known_.end()) return std::nullopt;
  used_.insert(*found);
  return found->second;
}

void DigestCache::Add(const FileStamp& stamp, const std::string& digest) {
  const std::lock_guard lock(mutex_);
  used_[stamp] = digest;
}

void DigestCache::Save() {
  const std::lock_guard lock(mutex_);
  if (file_.empty() || used_ == known_) return;
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  // Workers that start at once write the same.
  const fs::path fresh = absl::StrCat(file_.string(), ".", getpid());
  std::ofstream out(fresh, std::ios::trunc);
  const int64_t now = ModifiedAt(fresh);
  out << kForm << "\n";
  for (const auto& [stamp, digest] : used_) {
    if (std::max(stamp.changed_ns, stamp.modified_ns) > now - kCoarsestTick) continue;
    out << stamp.device << " " << stamp.inode << " " << stamp.size << " " << stamp.modified_ns << " "
        << stamp.changed_ns << " " << digest << "\n";
  }
  out.close();
  if (out) {
    fs::rename(fresh, file_, error);
  } else {
    error = std::make_error_code(std::errc::io_error);
  }
  if (error) fs::remove(fresh, error);
}

void DigestCache::Forget() {
  const std::lock_guard lock(mutex_);
  known_.clear();
  used_.clear();
  std::error_code error;
  if (!file_.empty()) fs::remove(file_, error);
}

}  // namespace basin::worker::data
