#include "server/store/sqlite_db_budget.h"

#include <sqlite3.h>

#include <algorithm>

#include "server/store/page_checksums.h"

namespace basin::server::store {
namespace {

// `stops` is asked at each allocation of this size, and at every so many others.
constexpr size_t kLargeAllocation = 16 * 1024;
constexpr uint32_t kAllocationsBetween = 64;

thread_local SqliteBudget* current = nullptr;

sqlite3_mem_methods allocator;  // SQLite's own.

// A temporary file of a budget. What SQLite writes through it lies in `below`.
struct CountedFile {
  sqlite3_file base;
  sqlite3_file* below;
  int64_t bytes;
};

CountedFile* Of(sqlite3_file* file) { return reinterpret_cast<CountedFile*>(file); }
sqlite3_file* Below(sqlite3_file* file) { return Of(file)->below; }

sqlite3_vfs* LayerBelow() {
  static sqlite3_vfs* const below = sqlite3_vfs_find(PageChecksums::Vfs());
  return below;
}

}  // namespace

// The C callbacks.
struct SqliteBudgetHooks {
  static void* Malloc(int bytes) {
    if (current == nullptr) return allocator.xMalloc(bytes);
    if (!current->Allows(static_cast<size_t>(bytes))) return nullptr;
    void* const memory = allocator.xMalloc(bytes);
    if (memory != nullptr) current->memory_ += allocator.xSize(memory);
    return memory;
  }

  static void Free(void* memory) {
    if (current != nullptr && memory != nullptr) current->memory_ -= allocator.xSize(memory);
    allocator.xFree(memory);
  }

  static void* Realloc(void* memory, int bytes) {
    if (current == nullptr) return allocator.xRealloc(memory, bytes);
    const int before = allocator.xSize(memory);
    if (bytes > before && !current->Allows(static_cast<size_t>(bytes - before))) return nullptr;
    void* const moved = allocator.xRealloc(memory, bytes);
    if (moved != nullptr) current->memory_ += allocator.xSize(moved) - before;
    return moved;
  }

  // Before any other use of SQLite.
  static bool Install() {
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &allocator) != SQLITE_OK) return false;
    sqlite3_mem_methods counted = allocator;
    counted.xMalloc = Malloc;
    counted.xFree = Free;
    counted.xRealloc = Realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &counted) == SQLITE_OK;
  }

  static int Close(sqlite3_file* file) {
    if (current != nullptr) current->temporary_ -= Of(file)->bytes;
    return Below(file)->pMethods->xClose(Below(file));
  }
  static int Read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 at) {
    return Below(file)->pMethods->xRead(Below(file), bytes, size, at);
  }
  static int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
    const int64_t more = std::max<int64_t>(0, at + size - Of(file)->bytes);
    if (current != nullptr && !current->TakeTemporary(more)) return SQLITE_FULL;
    Of(file)->bytes += more;
    return Below(file)->pMethods->xWrite(Below(file), bytes, size, at);
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    return Below(file)->pMethods->xTruncate(Below(file), size);
  }
  static int Sync(sqlite3_file* file, int flags) { return Below(file)->pMethods->xSync(Below(file), flags); }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    return Below(file)->pMethods->xFileSize(Below(file), size);
  }
  static int Lock(sqlite3_file* file, int level) { return Below(file)->pMethods->xLock(Below(file), level); }
  static int Unlock(sqlite3_file* file, int level) { return Below(file)->pMethods->xUnlock(Below(file), level); }
  static int CheckReservedLock(sqlite3_file* file, int* result) {
    return Below(file)->pMethods->xCheckReservedLock(Below(file), result);
  }
  // A size that is only foreseen would reserve the space uncounted.
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_NOTFOUND;
    return Below(file)->pMethods->xFileControl(Below(file), operation, argument);
  }
  static int SectorSize(sqlite3_file* file) { return Below(file)->pMethods->xSectorSize(Below(file)); }
  static int DeviceCharacteristics(sqlite3_file* file) {
    return Below(file)->pMethods->xDeviceCharacteristics(Below(file));
  }

  // Files that are not temporary are those of the layer below, as they are.
  static int Open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    if (current == nullptr || (flags & SQLITE_OPEN_DELETEONCLOSE) == 0) {
      return LayerBelow()->xOpen(LayerBelow(), path, file, flags, out_flags);
    }
    static constexpr sqlite3_io_methods kMethods = {
        .iVersion = 1,  // No shared memory, no mapping.
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
        .xShmMap = nullptr,
        .xShmLock = nullptr,
        .xShmBarrier = nullptr,
        .xShmUnmap = nullptr,
        .xFetch = nullptr,
        .xUnfetch = nullptr,
    };
    file->pMethods = nullptr;
    auto* const below = reinterpret_cast<sqlite3_file*>(Of(file) + 1);
    const int code = LayerBelow()->xOpen(LayerBelow(), path, below, flags, out_flags);
    if (code != SQLITE_OK) {
      if (below->pMethods != nullptr) below->pMethods->xClose(below);
      return code;
    }
    Of(file)->below = below;
    Of(file)->bytes = 0;
    file->pMethods = &kMethods;
    return SQLITE_OK;
  }
};

namespace {

const bool installed = SqliteBudgetHooks::Install();

}  // namespace

SqliteBudget::SqliteBudget(const Limits& limits, std::function<bool()> stops)
    : limits_(limits), stops_(std::move(stops)), outer_(current) {
  current = this;
}

SqliteBudget::~SqliteBudget() { current = outer_; }

bool SqliteBudget::IsInForce() { return installed; }

bool SqliteBudget::StopsNow() {
  if (current == nullptr) return false;
  if (!current->stopped_ && current->stops_) current->stopped_ = current->stops_();
  return current->stopped_;
}

bool SqliteBudget::Allows(size_t more_memory) {
  if (memory_ + static_cast<int64_t>(more_memory) > static_cast<int64_t>(limits_.memory_bytes)) {
    if (excess_ == Excess::kNone) excess_ = Excess::kMemory;
    return false;
  }
  if (more_memory < kLargeAllocation && ++asked_ % kAllocationsBetween != 0) return !stopped_;
  return !StopsNow();
}

bool SqliteBudget::TakeTemporary(int64_t bytes) {
  if (temporary_ + bytes > static_cast<int64_t>(limits_.temporary_bytes)) {
    if (excess_ == Excess::kNone) excess_ = Excess::kTemporary;
    return false;
  }
  temporary_ += bytes;
  return true;
}

const char* SqliteBudget::Vfs() {
  static const char* const name = [] {
    static sqlite3_vfs vfs = *LayerBelow();
    vfs.zName = "basin-budget";
    vfs.pNext = nullptr;
    vfs.szOsFile = static_cast<int>(sizeof(CountedFile)) + LayerBelow()->szOsFile;
    vfs.xOpen = SqliteBudgetHooks::Open;
    sqlite3_vfs_register(&vfs, 0);
    return vfs.zName;
  }();
  return name;
}

}  // namespace basin::server::store
