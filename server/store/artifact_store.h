#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/digest.h"

namespace basin::server::store {

// Files of trials in DIR/artifacts, each named by the SHA-256 of its bytes: equal files are one. A file gets its name
// only when it is whole and survives power loss; what has another name is left over from a crash, and goes at the next
// start. Which files are kept is the database's to say (Collect). Thread-safe.
class ArtifactStore {
 public:
  struct Limits {
    uint64_t max_file_bytes = uint64_t{4} << 30;
    uint64_t max_total_bytes = 0;  // 0: no limit but the disk's.
  };
  // Makes the folder if need be.
  static absl::StatusOr<std::unique_ptr<ArtifactStore>> Open(const std::string& dir, Limits limits);

  // While it lives, the file is not collected.
  class Hold {
   public:
    Hold() = default;
    Hold(ArtifactStore* store, std::string sha256) : store_(store), sha256_(std::move(sha256)) {}
    Hold(Hold&& other) noexcept { *this = std::move(other); }
    Hold& operator=(Hold&& other) noexcept {
      std::swap(store_, other.store_);
      std::swap(sha256_, other.sha256_);
      return *this;
    }
    ~Hold();

   private:
    ArtifactStore* store_ = nullptr;
    std::string sha256_;
  };

  // A file on its way in; what is not finished leaves nothing. For one thread at a time.
  class Upload {
   public:
    ~Upload();
    // RESOURCE_EXHAUSTED beyond the size that was declared, or when the disk is full.
    absl::Status Append(std::string_view bytes);
    // Makes the file durable under its name. DATA_LOSS if its bytes are not those that were declared.
    absl::StatusOr<Hold> Finish(const std::string& sha256);

   private:
    friend class ArtifactStore;
    Upload(ArtifactStore* store, uint64_t size) : store_(store), size_(size) {}
    ArtifactStore* const store_;
    const uint64_t size_;
    std::string path_;
    int file_ = -1;
    uint64_t written_ = 0;
    contract::Sha256 digest_;
  };
  // RESOURCE_EXHAUSTED, with the numbers, over a limit.
  absl::StatusOr<std::unique_ptr<Upload>> Begin(uint64_t size);

  // A file on its way out; it stays readable whatever happens to its name.
  class Reader {
   public:
    ~Reader();
    uint64_t size() const { return size_; }
    // Up to `limit` further bytes; none at the end. DATA_LOSS, naming the file, when at its end its bytes turn out not
    // to be those of its name: nothing of it is to be used then.
    absl::StatusOr<std::string> Read(size_t limit);

   private:
    friend class ArtifactStore;
    std::string path_, sha256_;
    int file_ = -1;
    uint64_t size_ = 0, read_ = 0;
    bool whole_ = false;
    contract::Sha256 digest_;
  };
  // NOT_FOUND. INVALID_ARGUMENT when it is no name of a file here.
  absl::StatusOr<std::unique_ptr<Reader>> Read(const std::string& sha256);

  // Removes the files of which nothing `is_kept`, except those that are held; none while a backup copies the folder.
  // The number removed.
  absl::StatusOr<uint64_t> Collect(const std::function<absl::StatusOr<bool>(const std::string& sha256)>& is_kept);

  uint64_t total_bytes() const;

 private:
  ArtifactStore(std::string folder, Limits limits) : folder_(std::move(folder)), limits_(limits) {}
  std::string PathOf(const std::string& sha256) const { return folder_ + "/" + sha256; }

  const std::string folder_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, int> holds_;
  uint64_t total_bytes_ = 0;   // Of whole files.
  uint64_t coming_bytes_ = 0;  // Declared by uploads under way.
  uint64_t uploads_ = 0;
};

}  // namespace basin::server::store
