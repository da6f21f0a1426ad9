#pragma once

#include <filesystem>
#include <fstream>
#include <ostream>
#include <system_error>

#include "absl/status/status.h"

namespace basin::client::cli {

// A file that a command writes. It gets its name, in the place of any before, only when it is whole; otherwise nothing
// of it stays.
class NewFile {
 public:
  explicit NewFile(const std::filesystem::path& path);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  std::ostream& stream() { return stream_; }
  // INTERNAL, with the path, if it can't be written.
  absl::Status status() const { return stream_ ? absl::OkStatus() : Failure({}); }
  // Ends the file and gives it its name. Errors as status().
  absl::Status Finish();

 private:
  absl::Status Failure(const std::error_code& error) const;

  const std::filesystem::path path_, partial_;
  std::ofstream stream_;
  bool done_ = false;
};

}  // namespace basin::client::cli
