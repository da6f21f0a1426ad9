#pragma once

#include <filesystem>

namespace basin::tests {

// A file system in memory of a few megabytes, mounted at a folder while the object lives, where the machine lets this
// process do that; elsewhere the folder is an ordinary one.
class SmallDisk {
 public:
  // Creates the folder.
  SmallDisk(std::filesystem::path folder, int megabytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  // Writes until nothing more fits. REQUIRES: mounted.
  void Fill();
  // Gives that space back.
  void Free();

 private:
  const std::filesystem::path folder_;
  bool mounted_ = false;
};

}  // namespace basin::tests
