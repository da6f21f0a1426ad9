#pragma once

#include <string>

#include "tests/server/store/crash_disk.h"

namespace basin::tests {

// While it lives, the files of SQLite below `folder` lie on `disk`, by SQLite's own interface to the system (a VFS, the
// default one of this process). Other files, and temporary ones, are where they always are. What SQLite asks of the
// disk is what its Unix VFS would ask: the first synchronization of a new log also synchronizes the folder. A
// posix_fadvise of this process that drops what is cached of such a file reaches the disk, too.
//
// One thread; connections are used in turns, so that every lock is granted.
class CrashMount {
 public:
  CrashMount(const std::string& folder, CrashDisk* disk);
  ~CrashMount();
  CrashMount(const CrashMount&) = delete;
  CrashMount& operator=(const CrashMount&) = delete;

 private:
  const std::string folder_;
};

}  // namespace basin::tests
