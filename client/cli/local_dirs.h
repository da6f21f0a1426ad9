#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"

namespace basin::client::cli {

// `name` in the folder where this user's programs keep their state: $XDG_STATE_HOME, or ~/.local/state; `basin` there
// is basin-server's own default. FAILED_PRECONDITION when there is no home.
absl::StatusOr<std::filesystem::path> DefaultDir(const Environment& environment, const std::string& name);

// Makes a data dir if it is absent, for its owner alone. FAILED_PRECONDITION if that can't be.
absl::Status MakeDataDir(const std::filesystem::path& path);

// A path that still means the same elsewhere. INVALID_ARGUMENT when something else than a folder is there.
absl::StatusOr<std::filesystem::path> AbsoluteDir(const std::string& path);

}  // namespace basin::client::cli
