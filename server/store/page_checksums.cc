#include "server/store/page_checksums.h"

#include <sqlite3.h>
#include <xxhash.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace basin::server::store {
namespace {

// Of a database's header, in its first page.
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr int kHeaderBytes = 100;
constexpr int kPageSizeAt = 16, kReservedAt = 20;
// Asks a file whether its pages have checksums.
constexpr int kAreInOp = 0x62736e63;

thread_local uint64_t last_damaged_page = 0;
thread_local bool in_new_files = false;
thread_local std::string temporary_folder;

// What SQLite takes for a file: the one below, and what is known of its pages.
struct File : sqlite3_file {
  sqlite3_file* below;
  struct Pages {
    bool have_checksums = false;
    int size = 4096;
    std::vector<unsigned char> written;
  };
  Pages* pages;       // Null unless it is a database.
  std::string* path;  // Of a temporary file; the file below refers to it.
};

File* Of(sqlite3_file* file) { return static_cast<File*>(file); }
sqlite3_file* Below(sqlite3_file* file) { return Of(file)->below; }
sqlite3_vfs* Default() { return sqlite3_vfs_find(nullptr); }

uint64_t ChecksumOf(const unsigned char* page, int size, uint64_t number) {
  return XXH3_64bits_withSeed(page, static_cast<size_t>(size) - PageChecksums::kBytes, number);
}

// Little endian, as the rest of what basin stores as bytes.
uint64_t StoredChecksum(const unsigned char* page, int size) {
  uint64_t value = 0;
  for (int i = 0; i < PageChecksums::kBytes; ++i) {
    value |= uint64_t{page[size - PageChecksums::kBytes + i]} << (8 * i);
  }
  return value;
}

void StoreChecksum(uint64_t value, unsigned char* page, int size) {
  for (int i = 0; i < PageChecksums::kBytes; ++i) {
    page[size - PageChecksums::kBytes + i] = static_cast<unsigned char>(value >> (8 * i));
  }
}

// What the header says, if it is one.
void LearnFrom(const unsigned char* header, File::Pages* pages) {
  if (std::memcmp(header, kMagic.data(), kMagic.size()) != 0) return;
  const int size = header[kPageSizeAt] << 8 | header[kPageSizeAt + 1];
  pages->size = size == 1 ? 65536 : size;
  pages->have_checksums = header[kReservedAt] == PageChecksums::kBytes;
}

bool IsPage(const File::Pages& pages, int amount, sqlite3_int64 offset) {
  return pages.have_checksums && amount == pages.size && offset % amount == 0;
}

int Close(sqlite3_file* file) {
  const int code = Below(file)->pMethods->xClose(Below(file));
  delete Of(file)->pages;
  delete Of(file)->path;
  delete[] reinterpret_cast<unsigned char*>(Below(file));
  return code;
}

int Read(sqlite3_file* file, void* to, int amount, sqlite3_int64 offset) {
  const int code = Below(file)->pMethods->xRead(Below(file), to, amount, offset);
  File::Pages* pages = Of(file)->pages;
  if (code != SQLITE_OK || pages == nullptr) return code;
  const auto* bytes = static_cast<const unsigned char*>(to);
  if (offset == 0 && amount >= kHeaderBytes) LearnFrom(bytes, pages);
  if (!IsPage(*pages, amount, offset)) return code;
  const uint64_t number = static_cast<uint64_t>(offset / amount) + 1;
  if (ChecksumOf(bytes, amount, number) == StoredChecksum(bytes, amount)) return SQLITE_OK;
  last_damaged_page = number;
  return SQLITE_IOERR_DATA;
}

int Write(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  File::Pages* pages = Of(file)->pages;
  if (pages != nullptr) {
    if (offset == 0 && amount >= kHeaderBytes) LearnFrom(static_cast<const unsigned char*>(from), pages);
    if (IsPage(*pages, amount, offset)) {
      pages->written.assign(static_cast<const unsigned char*>(from), static_cast<const unsigned char*>(from) + amount);
      unsigned char* page = pages->written.data();
      StoreChecksum(ChecksumOf(page, amount, static_cast<uint64_t>(offset / amount) + 1), page, amount);
      from = page;
    }
  }
  return Below(file)->pMethods->xWrite(Below(file), from, amount, offset);
}

int FileControl(sqlite3_file* file, int op, void* argument) {
  if (op == kAreInOp) {
    const File::Pages* pages = Of(file)->pages;
    *static_cast<bool*>(argument) = pages != nullptr && pages->have_checksums;
    return SQLITE_OK;
  }
  return Below(file)->pMethods->xFileControl(Below(file), op, argument);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) { return Below(file)->pMethods->xTruncate(Below(file), size); }
int Sync(sqlite3_file* file, int flags) { return Below(file)->pMethods->xSync(Below(file), flags); }
int FileSize(sqlite3_file* file, sqlite3_int64* size) { return Below(file)->pMethods->xFileSize(Below(file), size); }
int Lock(sqlite3_file* file, int lock) { return Below(file)->pMethods->xLock(Below(file), lock); }
int Unlock(sqlite3_file* file, int lock) { return Below(file)->pMethods->xUnlock(Below(file), lock); }
int CheckReservedLock(sqlite3_file* file, int* held) {
  return Below(file)->pMethods->xCheckReservedLock(Below(file), held);
}
int SectorSize(sqlite3_file* file) { return Below(file)->pMethods->xSectorSize(Below(file)); }
int DeviceCharacteristics(sqlite3_file* file) { return Below(file)->pMethods->xDeviceCharacteristics(Below(file)); }
int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return Below(file)->pMethods->xShmMap(Below(file), region, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Below(file)->pMethods->xShmLock(Below(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Below(file)->pMethods->xShmBarrier(Below(file)); }
int ShmUnmap(sqlite3_file* file, int remove) { return Below(file)->pMethods->xShmUnmap(Below(file), remove); }

// Without xFetch: pages that are mapped into memory would not be read here.
const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  auto memory = std::make_unique<unsigned char[]>(static_cast<size_t>(Default()->szOsFile));
  auto* below = reinterpret_cast<sqlite3_file*>(memory.get());
  std::unique_ptr<std::string> temporary;
  if (path == nullptr && !temporary_folder.empty()) {
    uint64_t name = 0;
    Default()->xRandomness(Default(), sizeof(name), reinterpret_cast<char*>(&name));
    temporary = std::make_unique<std::string>(absl::StrCat(temporary_folder, "/aside-", absl::Hex(name), ".tmp"));
    temporary->push_back('\0');  // SQLite's names end with two.
    path = temporary->c_str();
  }
  const int code = Default()->xOpen(Default(), path, below, flags, out_flags);
  if (code != SQLITE_OK) {
    if (below->pMethods != nullptr) below->pMethods->xClose(below);
    return code;
  }
  memory.release();
  Of(file)->below = below;
  Of(file)->pages = nullptr;
  Of(file)->path = temporary.release();
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
    Of(file)->pages = new File::Pages;
    Of(file)->pages->have_checksums = in_new_files && (flags & SQLITE_OPEN_CREATE) != 0;
  }
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char* path, int sync_folder) { return Default()->xDelete(Default(), path, sync_folder); }
int Access(sqlite3_vfs*, const char* path, int flags, int* result) {
  return Default()->xAccess(Default(), path, flags, result);
}
int FullPathname(sqlite3_vfs*, const char* path, int size, char* full) {
  return Default()->xFullPathname(Default(), path, size, full);
}
int Randomness(sqlite3_vfs*, int size, char* bytes) { return Default()->xRandomness(Default(), size, bytes); }
int Sleep(sqlite3_vfs*, int microseconds) { return Default()->xSleep(Default(), microseconds); }
int CurrentTime(sqlite3_vfs*, double* days) { return Default()->xCurrentTime(Default(), days); }
int CurrentTimeInt64(sqlite3_vfs*, sqlite3_int64* milliseconds) {
  return Default()->xCurrentTimeInt64(Default(), milliseconds);
}
int GetLastError(sqlite3_vfs*, int size, char* text) { return Default()->xGetLastError(Default(), size, text); }

}  // namespace

const char* PageChecksums::Vfs() {
  static const char* const name = [] {
    static sqlite3_vfs vfs = {};
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(File);
    vfs.mxPathname = Default()->mxPathname;
    vfs.zName = "basin-page-checksums";
    vfs.xOpen = Open;
    vfs.xDelete = Delete;
    vfs.xAccess = Access;
    vfs.xFullPathname = FullPathname;
    vfs.xRandomness = Randomness;
    vfs.xSleep = Sleep;
    vfs.xCurrentTime = CurrentTime;
    vfs.xCurrentTimeInt64 = CurrentTimeInt64;
    vfs.xGetLastError = GetLastError;
    sqlite3_vfs_register(&vfs, 0);
    return vfs.zName;
  }();
  return name;
}

bool PageChecksums::AreIn(sqlite3* db) {
  bool are_in = false;
  sqlite3_file_control(db, "main", kAreInOp, &are_in);
  return are_in;
}

uint64_t PageChecksums::LastDamagedPage() { return last_damaged_page; }

PageChecksums::InNewFiles::InNewFiles(bool have) { in_new_files = have; }

PageChecksums::InNewFiles::~InNewFiles() { in_new_files = false; }

PageChecksums::TemporaryFilesIn::TemporaryFilesIn(const std::string& folder) { temporary_folder = folder; }

PageChecksums::TemporaryFilesIn::~TemporaryFilesIn() { temporary_folder.clear(); }

}  // namespace basin::server::store
