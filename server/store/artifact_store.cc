#include "server/store/artifact_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/folder.h"

namespace basin::server::store {
namespace {

constexpr char kUnfinished[] = ".part";

absl::Status IoError(int error, const std::string& what) {
  if (error == ENOSPC || error == EDQUOT) {
    return absl::ResourceExhaustedError("the disk of the coordinator is full; nothing was changed");
  }
  return absl::ErrnoToStatus(error, what);
}

uint64_t SizeOf(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error)) names.push_back(entries->path().filename().string());
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot read ", folder));
  return names;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ArtifactStore>> ArtifactStore::Open(const std::string& dir, Limits limits) {
  const std::string folder = dir + "/artifacts";
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return IoError(errno, absl::StrCat("cannot make ", folder));
  if (absl::Status synced = SyncFolder(dir); !synced.ok()) return synced;
  std::unique_ptr<ArtifactStore> store(new ArtifactStore(folder, limits));
  absl::StatusOr<std::vector<std::string>> names = NamesIn(folder);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (IsDigestName(name)) {
      store->total_bytes_ += SizeOf(store->PathOf(name));
    } else if (name.ends_with(kUnfinished)) {
      ::unlink(store->PathOf(name).c_str());
    }
  }
  return store;
}

uint64_t ArtifactStore::total_bytes() const {
  const std::lock_guard lock(mutex_);
  return total_bytes_;
}

ArtifactStore::Hold::~Hold() {
  if (store_ == nullptr) return;
  const std::lock_guard lock(store_->mutex_);
  const auto held = store_->holds_.find(sha256_);
  if (--held->second == 0) store_->holds_.erase(held);
}

absl::StatusOr<std::unique_ptr<ArtifactStore::Upload>> ArtifactStore::Begin(uint64_t size) {
  if (size > limits_.max_file_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a file of ", size, " bytes is larger than this server takes (", limits_.max_file_bytes, ")"));
  }
  std::unique_ptr<Upload> upload(new Upload(this, size));
  {
    const std::lock_guard lock(mutex_);
    if (limits_.max_total_bytes != 0 && total_bytes_ + coming_bytes_ + size > limits_.max_total_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("the server keeps at most ", limits_.max_total_bytes,
                                                       " bytes of artifacts and has ", total_bytes_ + coming_bytes_,
                                                       "; remove sweeps, or raise its limit"));
    }
    coming_bytes_ += size;
    upload->path_ = absl::StrCat(folder_, "/", ++uploads_, kUnfinished);
  }
  upload->file_ = ::open(upload->path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (upload->file_ < 0) return IoError(errno, absl::StrCat("cannot make ", upload->path_));
  return upload;
}

ArtifactStore::Upload::~Upload() {
  if (file_ >= 0) {
    ::close(file_);
    ::unlink(path_.c_str());
  }
  // Not counted if Begin refused it.
  if (path_.empty()) return;
  const std::lock_guard lock(store_->mutex_);
  store_->coming_bytes_ -= size_;
}

absl::Status ArtifactStore::Upload::Append(std::string_view bytes) {
  if (bytes.size() > size_ - written_) {
    return absl::ResourceExhaustedError(absl::StrCat("more bytes came than the ", size_, " that were declared"));
  }
  digest_.Update(bytes.data(), bytes.size());
  written_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return IoError(errno, absl::StrCat("cannot write ", path_));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<ArtifactStore::Hold> ArtifactStore::Upload::Finish(const std::string& sha256) {
  if (written_ != size_) return absl::DataLossError(absl::StrCat(written_, " bytes came, ", size_, " were declared"));
  if (digest_.FinishHex() != sha256) return absl::DataLossError("the bytes that came do not have the declared digest");
  if (::fsync(file_) != 0) return IoError(errno, absl::StrCat("cannot sync ", path_));
  ::close(std::exchange(file_, -1));
  const std::string path = store_->PathOf(sha256);
  const std::lock_guard lock(store_->mutex_);
  // The file of the same name may be a damaged one: the new one takes its place.
  const uint64_t before = SizeOf(path);
  if (::rename(path_.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(path_.c_str());
    return IoError(error, absl::StrCat("cannot rename ", path_));
  }
  store_->total_bytes_ += size_ - before;
  if (absl::Status synced = SyncFolder(store_->folder_); !synced.ok()) return synced;
  ++store_->holds_[sha256];
  return Hold(store_, sha256);
}

absl::StatusOr<std::unique_ptr<ArtifactStore::Reader>> ArtifactStore::Read(const std::string& sha256) {
  if (!IsDigestName(sha256)) return absl::InvalidArgumentError("sha256 must be 64 hex digits in lower case");
  std::unique_ptr<Reader> reader(new Reader());
  reader->path_ = PathOf(sha256);
  reader->sha256_ = sha256;
  reader->file_ = ::open(reader->path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (reader->file_ < 0 && errno == ENOENT) return absl::NotFoundError(absl::StrCat("there is no artifact ", sha256));
  if (reader->file_ < 0) return IoError(errno, absl::StrCat("cannot open ", reader->path_));
  reader->size_ = SizeOf(reader->path_);
  return reader;
}

ArtifactStore::Reader::~Reader() {
  if (file_ >= 0) ::close(file_);
}

absl::StatusOr<std::string> ArtifactStore::Reader::Read(size_t limit) {
  if (whole_) return std::string();
  std::string bytes(std::min<uint64_t>(limit, size_ - read_), '\0');
  size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t count = ::read(file_, bytes.data() + got, bytes.size() - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::DataLossError(absl::StrCat("artifact ", path_, " can't be read"));
    if (count == 0) return absl::DataLossError(absl::StrCat("artifact ", path_, " is damaged: it is truncated"));
    got += static_cast<size_t>(count);
  }
  digest_.Update(bytes.data(), bytes.size());
  read_ += got;
  whole_ = read_ == size_;
  if (whole_ && digest_.FinishHex() != sha256_) {
    return absl::DataLossError(absl::StrCat("artifact ", path_, " is damaged: its bytes are not those of its name"));
  }
  return bytes;
}

absl::StatusOr<uint64_t> ArtifactStore::Collect(
    const std::function<absl::StatusOr<bool>(const std::string& sha256)>& is_kept) {
  const absl::StatusOr<std::optional<FolderLock>> alone = FolderLock::TryAlone(folder_);
  if (!alone.ok()) return alone.status();
  if (!alone->has_value()) return 0;
  absl::StatusOr<std::vector<std::string>> names = NamesIn(folder_);
  if (!names.ok()) return names.status();
  uint64_t removed = 0;
  for (const std::string& name : *names) {
    if (!IsDigestName(name)) continue;
    // Under the lock, so that no upload of the same bytes ends between the question and the removal.
    const std::lock_guard lock(mutex_);
    if (holds_.contains(name)) continue;
    const absl::StatusOr<bool> kept = is_kept(name);
    if (!kept.ok()) return kept.status();
    if (*kept) continue;
    const uint64_t size = SizeOf(PathOf(name));
    if (::unlink(PathOf(name).c_str()) != 0) continue;
    total_bytes_ -= size;
    ++removed;
  }
  return removed;
}

}  // namespace basin::server::store
