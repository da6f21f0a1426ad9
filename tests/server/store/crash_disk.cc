#include "tests/server/store/crash_disk.h"

#include <algorithm>
#include <utility>

namespace basin::tests {
namespace {

void Put(std::string& bytes, uint64_t offset, const char* from, size_t size) {
  if (bytes.size() < offset + size) bytes.resize(offset + size);
  std::copy(from, from + size, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

void Apply(std::string& bytes, const CrashDisk::File::Change& change) {
  if (change.truncate) {
    bytes.resize(*change.truncate);
  } else {
    Put(bytes, change.offset, change.bytes.data(), change.bytes.size());
  }
}

}  // namespace

// SplitMix64.
uint64_t CrashDisk::Draw(uint64_t below) {
  uint64_t x = random_ += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return (x ^ (x >> 31)) % below;
}

std::optional<CrashDisk::Result> CrashDisk::Refusal(Call call) {
  if (off_) return Result::kIoError;
  if (!fault_ || fault_->call != call) return std::nullopt;
  if (fault_->calls > 1) {
    --fault_->calls;
    return std::nullopt;
  }
  const Result error = fault_->error;
  if (!fault_->lasting) fault_.reset();
  ++failed_;
  return error;
}

bool CrashDisk::PowerLasts() {
  if (until_cut_ == 0) return true;
  off_ = --until_cut_ == 0;
  return !off_;
}

void CrashDisk::Rename(const std::string& name, std::shared_ptr<File> file) {
  if (file) {
    names_[name] = file;
  } else {
    names_.erase(name);
  }
  unsynced_names_.push_back({name, std::move(file)});
}

CrashDisk::Result CrashDisk::Open(const std::string& name, bool create, std::shared_ptr<File>* file, bool* created) {
  *created = false;
  if (const auto refusal = Refusal(Call::kOpen)) return *refusal;
  if (const auto found = names_.find(name); found != names_.end()) {
    *file = found->second;
  } else if (create) {
    *created = true;
    *file = std::make_shared<File>();
    Rename(name, *file);
    if (!PowerLasts()) return Result::kIoError;
  }
  return Result::kOk;
}

CrashDisk::Result CrashDisk::Delete(const std::string& name) {
  if (const auto refusal = Refusal(Call::kDelete)) return *refusal;
  Rename(name, nullptr);
  return PowerLasts() ? Result::kOk : Result::kIoError;
}

CrashDisk::Result CrashDisk::Read(const File& file, uint64_t offset, size_t size, std::string* bytes) {
  if (const auto refusal = Refusal(Call::kRead)) return *refusal;
  bytes->clear();
  if (offset < file.now.size()) *bytes = file.now.substr(offset, size);
  return Result::kOk;
}

CrashDisk::Result CrashDisk::Write(File& file, uint64_t offset, std::string bytes) {
  const auto refusal = Refusal(Call::kWrite);
  if (refusal) bytes.resize(off_ ? 0 : Draw(bytes.size() + 1));
  if (!bytes.empty()) {
    file.unsynced.push_back({std::nullopt, offset, std::move(bytes)});
    Apply(file.now, file.unsynced.back());
  }
  if (refusal) return *refusal;
  return PowerLasts() ? Result::kOk : Result::kIoError;
}

CrashDisk::Result CrashDisk::Truncate(File& file, uint64_t size) {
  if (const auto refusal = Refusal(Call::kTruncate)) return *refusal;
  file.unsynced.push_back({size, 0, ""});
  Apply(file.now, file.unsynced.back());
  return PowerLasts() ? Result::kOk : Result::kIoError;
}

CrashDisk::Result CrashDisk::Sync(File& file) {
  if (const auto refusal = Refusal(Call::kSync)) {
    if (!off_) Settle(file);
    return *refusal;
  }
  const bool lasts = PowerLasts();
  // Power may go before all is written, or after, when nobody hears of it any more.
  if (!ignores_sync_ && (lasts || Draw(2) == 0)) {
    for (const File::Change& change : file.unsynced) Apply(file.durable, change);
    file.unsynced.clear();
  }
  return lasts ? Result::kOk : Result::kIoError;
}

CrashDisk::Result CrashDisk::SyncFolder() {
  if (off_) return Result::kIoError;
  if (!PowerLasts()) return Result::kIoError;
  if (ignores_sync_) return Result::kOk;
  durable_names_ = names_;
  unsynced_names_.clear();
  return Result::kOk;
}

void CrashDisk::SettleWrite(std::string& bytes, const File::Change& change, uint64_t sector) {
  const uint64_t end = change.offset + change.bytes.size();
  for (uint64_t from = change.offset; from < end;) {
    const uint64_t to = std::min(end, (from / sector + 1) * sector);
    const uint64_t fate = Draw(100);
    if (fate < percent_garbled_) {
      // Bytes outside of the write stay as they are: what SQLite takes for granted (SQLITE_IOCAP_POWERSAFE_OVERWRITE).
      std::string garbage(to - from, '\0');
      for (char& c : garbage) c = static_cast<char>(Draw(256));
      Put(bytes, from, garbage.data(), garbage.size());
    } else if (fate < percent_garbled_ + percent_done_) {
      Put(bytes, from, change.bytes.data() + (from - change.offset), to - from);
    }
    from = to;
  }
}

void CrashDisk::Settle(File& file) {
  percent_garbled_ = Draw(2) == 0 ? 0 : Draw(30);
  percent_done_ = Draw(101 - percent_garbled_);
  const uint64_t sector = Draw(2) == 0 ? 512 : 4096;
  for (const File::Change& change : std::exchange(file.unsynced, {})) {
    if (!change.truncate) {
      SettleWrite(file.durable, change, sector);
    } else if (Draw(100) < percent_done_) {
      Apply(file.durable, change);
    }
  }
}

void CrashDisk::PowerOn() {
  // Of each name's changes a first part has happened.
  std::map<std::string, std::vector<std::shared_ptr<File>>> changes;
  std::vector<std::shared_ptr<File>> files;
  for (const auto& [name, file] : durable_names_) files.push_back(file);
  for (NameChange& change : std::exchange(unsynced_names_, {})) {
    if (change.file && std::ranges::find(files, change.file) == files.end()) files.push_back(change.file);
    changes[change.name].push_back(std::move(change.file));
  }
  for (const auto& [name, ends] : changes) {
    const uint64_t happened = Draw(ends.size() + 1);
    if (happened == 0) continue;
    durable_names_.erase(name);
    if (ends[happened - 1]) durable_names_[name] = ends[happened - 1];
  }
  names_ = durable_names_;
  for (const auto& file : files) Settle(*file);
  DropCache();
  Restart();
}

void CrashDisk::DropCache() {
  for (const auto& [name, file] : names_) {
    file->now = file->durable;
    for (const File::Change& change : file->unsynced) Apply(file->now, change);
  }
}

}  // namespace basin::tests
