#include "tests/cluster/small_disk.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace basin::tests {

SmallDisk::SmallDisk(std::filesystem::path folder, int megabytes) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
  const std::string options = "mode=0700,size=" + std::to_string(megabytes) + "m";
  mounted_ = mount("tmpfs", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
}

SmallDisk::~SmallDisk() {
  if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
}

void SmallDisk::Fill() {
  const int file = open((folder_ / "filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  for (std::string bytes(1 << 16, 'x'); !bytes.empty(); bytes.resize(bytes.size() / 2)) {
    while (write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
    }
  }
  close(file);
}

void SmallDisk::Free() { std::filesystem::remove(folder_ / "filler"); }

}  // namespace basin::tests
