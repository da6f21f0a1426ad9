#pragma once

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Files and folders that must survive power loss.
namespace basin::server::store {

// Makes the names of new files in the folder survive power loss.
absl::Status SyncFolder(const std::string& folder);

// Makes the bytes of a file survive power loss.
absl::Status SyncFile(const std::string& path);

// SHA-256 of the file's bytes, as 64 hex digits.
absl::StatusOr<std::string> DigestOfFile(const std::filesystem::path& path);

// Whether `name` is 64 lower-case hex digits, as every artifact is named.
bool IsDigestName(const std::string& name);

}  // namespace basin::server::store
