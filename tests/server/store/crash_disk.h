#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace basin::tests {

// A disk in memory, with the cache that a system keeps before it: what is written is seen at once, and survives the
// loss of power once it is synchronized. Until then each sector of each write, each truncation and each change of a
// name may have reached the disk, or not, or (a sector) as garbage, independently of all others. It also fails when
// told to. Everything follows from the seed. Used by one thread.
class CrashDisk {
 public:
  // `ignores_sync`: every synchronization is answered OK and does nothing.
  explicit CrashDisk(uint64_t seed, bool ignores_sync = false) : random_(seed), ignores_sync_(ignores_sync) {}

  enum class Result { kOk, kIoError, kFull };
  enum class Call { kOpen, kRead, kWrite, kTruncate, kSync, kDelete };

  // A file, whatever its name is now.
  struct File {
    std::string now;      // As programs see it.
    std::string durable;  // As it is on the disk for certain.
    struct Change {
      std::optional<uint64_t> truncate;  // To so many bytes; nothing: `bytes` are written at `offset`.
      uint64_t offset = 0;
      std::string bytes;
    };
    std::vector<Change> unsynced;  // In order; what leads from `durable` to `now`.
    // Memory that those who have the file open share, in regions; gone with the last of them.
    std::vector<std::unique_ptr<char[]>> shared;
    int sharing = 0;
  };

  // Null with kOk: there is none, and `create` is false. `created` says whether it is new.
  Result Open(const std::string& name, bool create, std::shared_ptr<File>* file, bool* created);
  bool Exists(const std::string& name) const { return names_.contains(name); }
  const std::shared_ptr<File>& Find(const std::string& name) const { return names_.at(name); }
  Result Delete(const std::string& name);
  // At most `size` bytes; fewer at the end of the file.
  Result Read(const File& file, uint64_t offset, size_t size, std::string* bytes);
  Result Write(File& file, uint64_t offset, std::string bytes);
  Result Truncate(File& file, uint64_t size);
  Result Sync(File& file);
  // Of the names.
  Result SyncFolder();

  // The power goes at the `calls`-th call from now that changes anything; that one is begun, and every later call fails
  // until PowerOn.
  void CutPowerAfter(uint64_t calls) { until_cut_ = calls; }
  bool off() const { return off_; }
  // What was not synchronized has reached the disk or not.
  void PowerOn();

  // The process that uses the disk is killed: from here to Restart its calls have no effect. The system and its cache
  // live on.
  void Kill() { off_ = true; }
  void Restart() {
    off_ = false;
    until_cut_ = 0;
  }

  // The `calls`-th call of this kind from now gives `error`; if `lasting`, also all later ones until Mend. A write that
  // fails may have been done in part. After a synchronization that fails, what it was to make durable is as after a
  // loss of power, though the cache still shows it, and no later synchronization tries again.
  void Fail(Call call, uint64_t calls, Result error, bool lasting) { fault_ = Fault{call, calls, error, lasting}; }
  void Mend() { fault_.reset(); }
  // So many calls have failed as told.
  uint64_t failed() const { return failed_; }
  // The cache forgets what it need not keep, and shows what is on the disk.
  void DropCache();

 private:
  struct Fault {
    Call call;
    uint64_t calls;
    Result error;
    bool lasting;
  };
  struct NameChange {
    std::string name;
    std::shared_ptr<File> file;  // Null: there is no file of this name any more.
  };

  // What a call of this kind gives instead of being done, if it is not.
  std::optional<Result> Refusal(Call call);
  // The next step of a call that changes something; false: it is begun, and the power goes.
  bool PowerLasts();
  void Rename(const std::string& name, std::shared_ptr<File> file);
  void Settle(File& file);
  void SettleWrite(std::string& bytes, const File::Change& change, uint64_t sector);
  uint64_t Draw(uint64_t below);

  uint64_t random_;
  const bool ignores_sync_;
  std::map<std::string, std::shared_ptr<File>> names_, durable_names_;
  std::vector<NameChange> unsynced_names_;
  uint64_t until_cut_ = 0;  // 0: never.
  bool off_ = false;
  std::optional<Fault> fault_;
  uint64_t failed_ = 0;
  uint64_t percent_done_ = 50, percent_garbled_ = 0;  // Of unsynced sectors, as drawn for a loss.
};

}  // namespace basin::tests
