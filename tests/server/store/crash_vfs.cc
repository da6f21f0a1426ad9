#include "tests/server/store/crash_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <utility>

namespace basin::tests {
namespace {

using Result = CrashDisk::Result;

std::map<std::string, CrashDisk*>& Mounts() {
  static auto* const mounts = new std::map<std::string, CrashDisk*>;
  return *mounts;
}

sqlite3_vfs* System() {
  static sqlite3_vfs* const system = sqlite3_vfs_find("unix");
  return system;
}

// Null: the file is the system's.
CrashDisk* DiskOf(const char* path) {
  if (path == nullptr) return nullptr;
  const std::string text = path;
  for (const auto& [folder, disk] : Mounts()) {
    if (text.starts_with(folder + "/")) return disk;
  }
  return nullptr;
}

// An open file.
struct Handle {
  CrashDisk* disk = nullptr;
  std::string path;
  std::shared_ptr<CrashDisk::File> file;
  bool sync_folder = false;  // With the next synchronization.
  bool delete_on_close = false;
  bool sharing = false;
};

struct HandleFile {
  sqlite3_file base;
  Handle* handle;
};

Handle& Of(sqlite3_file* file) { return *reinterpret_cast<HandleFile*>(file)->handle; }

int CodeOf(Result result, int io_error) {
  if (result == Result::kOk) return SQLITE_OK;
  return result == Result::kFull ? SQLITE_FULL : io_error;
}

void StopSharing(Handle& handle) {
  if (!std::exchange(handle.sharing, false)) return;
  if (--handle.file->sharing == 0) handle.file->shared.clear();
}

int Close(sqlite3_file* file) {
  Handle& handle = Of(file);
  StopSharing(handle);
  if (handle.delete_on_close) handle.disk->Delete(handle.path);
  delete &handle;
  return SQLITE_OK;
}

int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  Handle& handle = Of(file);
  std::string bytes;
  const Result result =
      handle.disk->Read(*handle.file, static_cast<uint64_t>(offset), static_cast<size_t>(size), &bytes);
  if (result != Result::kOk) return SQLITE_IOERR_READ;
  std::memcpy(to, bytes.data(), bytes.size());
  if (bytes.size() == static_cast<size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + bytes.size(), 0, static_cast<size_t>(size) - bytes.size());
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  Handle& handle = Of(file);
  std::string bytes(static_cast<const char*>(from), static_cast<size_t>(size));
  return CodeOf(handle.disk->Write(*handle.file, static_cast<uint64_t>(offset), std::move(bytes)), SQLITE_IOERR_WRITE);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = Of(file);
  return CodeOf(handle.disk->Truncate(*handle.file, static_cast<uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int Sync(sqlite3_file* file, int) {
  Handle& handle = Of(file);
  if (handle.disk->Sync(*handle.file) != Result::kOk) return SQLITE_IOERR_FSYNC;
  if (!handle.sync_folder) return SQLITE_OK;
  handle.sync_folder = false;
  return CodeOf(handle.disk->SyncFolder(), SQLITE_IOERR_DIR_FSYNC);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(Of(file).file->now.size());
  return SQLITE_OK;
}

int Lock(sqlite3_file*, int) { return SQLITE_OK; }

int CheckReservedLock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }

int SectorSize(sqlite3_file*) { return 4096; }

int Characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  Handle& handle = Of(file);
  if (!std::exchange(handle.sharing, true)) ++handle.file->sharing;
  auto& shared = handle.file->shared;
  while (extend != 0 && shared.size() <= static_cast<size_t>(region)) {
    shared.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
  }
  *memory = shared.size() > static_cast<size_t>(region) ? shared[static_cast<size_t>(region)].get() : nullptr;
  return SQLITE_OK;
}

int ShmLock(sqlite3_file*, int, int, int) { return SQLITE_OK; }

void ShmBarrier(sqlite3_file*) {}

int ShmUnmap(sqlite3_file* file, int) {
  StopSharing(Of(file));
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Lock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = Characteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  CrashDisk* disk = DiskOf(path);
  if (disk == nullptr) return System()->xOpen(System(), path, file, flags, out_flags);
  auto handle = std::make_unique<Handle>();
  bool created = false;
  const Result result = disk->Open(path, (flags & SQLITE_OPEN_CREATE) != 0, &handle->file, &created);
  if (result != Result::kOk || handle->file == nullptr) {
    errno = result == Result::kFull ? ENOSPC : result == Result::kIoError ? EIO : ENOENT;
    return SQLITE_CANTOPEN;
  }
  if (created) std::ofstream{path};  // An empty one, for those who look for it without SQLite.
  handle->disk = disk;
  handle->path = path;
  handle->sync_folder =
      created && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  if (out_flags != nullptr) *out_flags = flags;
  file->pMethods = &kMethods;
  reinterpret_cast<HandleFile*>(file)->handle = handle.release();
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char* path, int sync_folder) {
  CrashDisk* disk = DiskOf(path);
  if (disk == nullptr) return System()->xDelete(System(), path, sync_folder);
  if (!disk->Exists(path)) return SQLITE_IOERR_DELETE_NOENT;
  if (disk->Delete(path) != Result::kOk) return SQLITE_IOERR_DELETE;
  return sync_folder == 0 ? SQLITE_OK : CodeOf(disk->SyncFolder(), SQLITE_IOERR_DIR_FSYNC);
}

int Access(sqlite3_vfs*, const char* path, int flags, int* result) {
  CrashDisk* disk = DiskOf(path);
  if (disk == nullptr) return System()->xAccess(System(), path, flags, result);
  // An empty file is as good as none, as to the Unix VFS.
  *result = disk->Exists(path) && (flags != SQLITE_ACCESS_EXISTS || !disk->Find(path)->now.empty()) ? 1 : 0;
  return SQLITE_OK;
}

// The system's VFS, but for the files.
sqlite3_vfs* Vfs() {
  static sqlite3_vfs* const vfs = [] {
    auto* made = new sqlite3_vfs(*System());
    made->zName = "crash";
    made->pNext = nullptr;
    made->szOsFile = std::max(made->szOsFile, static_cast<int>(sizeof(HandleFile)));
    made->xOpen = Open;
    made->xDelete = Delete;
    made->xAccess = Access;
    return made;
  }();
  return vfs;
}

}  // namespace

CrashMount::CrashMount(const std::string& folder, CrashDisk* disk) : folder_(folder) {
  if (Mounts().empty()) sqlite3_vfs_register(Vfs(), 1);
  Mounts()[folder_] = disk;
}

CrashMount::~CrashMount() {
  Mounts().erase(folder_);
  if (Mounts().empty()) sqlite3_vfs_unregister(Vfs());
}

}  // namespace basin::tests

// In the place of the C library's.
extern "C" int posix_fadvise(int file, off_t, off_t, int advice) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), error);
  if (error || advice != POSIX_FADV_DONTNEED) return 0;
  if (basin::tests::CrashDisk* disk = basin::tests::DiskOf(path.c_str())) disk->DropCache();
  return 0;
}
