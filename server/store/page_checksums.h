#pragma once

#include <cstdint>
#include <string>

struct sqlite3;

namespace basin::server::store {

// A checksum in every page of a database, made when the page is written to the file and compared when it is read from
// there, so that a flipped bit of a value, which SQLite does not see, is never served. It is XXH3 with 64 bits over the
// page and its number, in the 8 bytes that SQLite can leave free at the end of each page; a database whose header does
// not say that it does so is read and written as it is. The log (-wal) has checksums of SQLite's own.
//
// It works as a layer (SQLite: a VFS) above whatever is the default when a file is opened.
class PageChecksums {
 public:
  static constexpr int kBytes = 8;

  // The layer's name for sqlite3_open_v2.
  static const char* Vfs();

  // Whether the main database of `db` has them, as far as its file was read or written on this connection.
  static bool AreIn(sqlite3* db);

  // The number of the page whose checksum was not that of its bytes at this thread's last SQLITE_IOERR_DATA.
  static uint64_t LastDamagedPage();

  // While it lives, databases that this thread makes have them from the first page on, though their header is written
  // last: for VACUUM INTO.
  class InNewFiles {
   public:
    explicit InNewFiles(bool have);
    ~InNewFiles();
    InNewFiles(const InNewFiles&) = delete;
    InNewFiles& operator=(const InNewFiles&) = delete;
  };

  // While it lives, what SQLite puts aside on this thread lies below `folder`, without a name, instead of the system's
  // folder for temporary files, which may be small, or memory.
  class TemporaryFilesIn {
   public:
    explicit TemporaryFilesIn(const std::string& folder);
    ~TemporaryFilesIn();
    TemporaryFilesIn(const TemporaryFilesIn&) = delete;
    TemporaryFilesIn& operator=(const TemporaryFilesIn&) = delete;
  };
};

}  // namespace basin::server::store
