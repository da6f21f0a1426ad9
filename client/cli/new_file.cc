#include "client/cli/new_file.h"

#include "absl/strings/str_cat.h"

namespace basin::client::cli {

NewFile::NewFile(const std::filesystem::path& path)
    : path_(path), partial_(path.string() + ".partial"), stream_(partial_, std::ios::binary | std::ios::trunc) {}

NewFile::~NewFile() {
  std::error_code ignored;
  if (!done_) std::filesystem::remove(partial_, ignored);
}

absl::Status NewFile::Finish() {
  stream_.close();
  if (!stream_) return Failure({});
  std::error_code error;
  std::filesystem::rename(partial_, path_, error);
  if (error) return Failure(error);
  done_ = true;
  return absl::OkStatus();
}

absl::Status NewFile::Failure(const std::error_code& error) const {
  return absl::InternalError(
      absl::StrCat(path_.string(), ": can't be written",
                   error ? ": " + error.message() : "; is its folder there, and the disk not full?"));
}

}  // namespace basin::client::cli
