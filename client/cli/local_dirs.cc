#include "client/cli/local_dirs.h"

#include <system_error>

namespace basin::client::cli {

absl::StatusOr<std::filesystem::path> DefaultDir(const Environment& environment, const std::string& name) {
  const std::string state = environment.variable("XDG_STATE_HOME");
  if (state.starts_with('/')) return std::filesystem::path(state) / name;
  const std::string home = environment.variable("HOME");
  if (home.empty()) return absl::FailedPreconditionError("HOME is not set; say where with --data-dir");
  return std::filesystem::path(home) / ".local" / "state" / name;
}

absl::Status MakeDataDir(const std::filesystem::path& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error) return absl::FailedPreconditionError("cannot make " + path.string() + ": " + error.message());
  return absl::OkStatus();
}

absl::StatusOr<std::filesystem::path> AbsoluteDir(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (error || (std::filesystem::exists(absolute, error) && !std::filesystem::is_directory(absolute, error))) {
    return absl::InvalidArgumentError(path + " is not a folder");
  }
  return absolute;
}

}  // namespace basin::client::cli
