#include <errno.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/store/data_dir.h"
#include "server/store/folder.h"
#include "server/store/schema.h"
#include "server/store/sqlite_db.h"
#include "server/store/sqlite_store.h"

namespace basin::server::store {
namespace {

namespace fs = std::filesystem;

constexpr char kTokens[] = "tokens";

absl::Status ToStatus(const std::error_code& error, const std::string& what) {
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), what);
}

// Everything that a backup consists of, in a folder that is not called a backup yet.
class Backup {
 public:
  Backup(fs::path dir, fs::path folder) : dir_(std::move(dir)), folder_(std::move(folder)) {}

  absl::Status Make() {
    std::error_code error;
    fs::remove_all(folder_, error);
    if (!error) fs::create_directory(folder_, error);
    if (!error) fs::permissions(folder_, fs::perms::owner_all, error);
    absl::Status status = ToStatus(error, absl::StrCat("cannot make ", folder_.string()));
    if (status.ok()) status = CopyDatabaseAndArtifacts();
    if (status.ok()) status = CopyTokens();
    if (status.ok()) status = WriteChecksums();
    return status;
  }

 private:
  // Artifacts after the database, so that those are there that it refers to: a file is whole before the database has
  // its name, and while the folder is locked none is removed.
  absl::Status CopyDatabaseAndArtifacts() {
    std::optional<FolderLock> lock;
    std::error_code error;
    if (const fs::path folder = dir_ / kArtifactFolder; fs::is_directory(folder, error)) {
      absl::StatusOr<FolderLock> shared = FolderLock::Share(folder);
      if (!shared.ok()) return shared.status();
      lock = *std::move(shared);
    }
    const absl::Status status = CopyDatabase();
    return status.ok() ? CopyArtifacts() : status;
  }

  absl::Status CopyDatabase() {
    const std::string source = SqliteStore::DatabasePath(dir_.string());
    absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(source, Connection::Mode::kReadOnly);
    if (!connection.ok()) return connection.status();
    const std::string target = SqliteStore::DatabasePath(folder_.string());
    absl::Status status = (*connection)->CopyInto(target);
    if (!status.ok()) return status;
    absl::StatusOr<std::unique_ptr<Connection>> written = Connection::Open(target, Connection::Mode::kReadOnly);
    if (!written.ok()) return written.status();
    status = CheckKind(**written);
    return status.ok() ? SyncFile(target) : status;
  }

  absl::Status CopyArtifacts() {
    std::error_code error;
    const absl::StatusOr<std::vector<std::string>> names = ArtifactsIn(dir_);
    if (!names.ok()) return names.status();
    const fs::path from = dir_ / kArtifactFolder, to = folder_ / kArtifactFolder;
    if (!names->empty()) fs::create_directory(to, error);
    absl::Status status = ToStatus(error, absl::StrCat("cannot make ", to.string()));
    for (size_t i = 0; status.ok() && i < names->size(); ++i) {
      const std::string& name = (*names)[i];
      fs::copy_file(from / name, to / name, error);
      status = ToStatus(error, absl::StrCat("cannot copy ", (from / name).string()));
      if (status.ok()) status = SyncFile((to / name).string());
      if (status.ok()) copied_.insert(name);
    }
    return status.ok() && !names->empty() ? SyncFolder(to.string()) : status;
  }

  // The hashes of the callers' tokens, without which a restored server would let nobody in, or everybody.
  absl::Status CopyTokens() {
    std::error_code error;
    const fs::path from = dir_ / kTokens, to = folder_ / kTokens;
    has_tokens_ = fs::exists(from, error);
    if (!has_tokens_) return absl::OkStatus();
    fs::copy_file(from, to, error);
    const absl::Status status = ToStatus(error, absl::StrCat("cannot copy ", from.string()));
    return status.ok() ? SyncFile(to.string()) : status;
  }

  // An artifact's name is its checksum: a copy that differs from it is of a damaged file.
  absl::Status WriteChecksums() {
    const absl::StatusOr<std::string> database = DigestOfFile(SqliteStore::DatabasePath(folder_.string()));
    if (!database.ok()) return database.status();
    const fs::path path = folder_ / kChecksumsFile;
    std::ofstream file(path);
    file << *database << "  basin.db\n";
    if (has_tokens_) {
      const absl::StatusOr<std::string> tokens = DigestOfFile(folder_ / kTokens);
      if (!tokens.ok()) return tokens.status();
      file << *tokens << "  " << kTokens << "\n";
    }
    for (const std::string& name : copied_) file << name << "  artifacts/" << name << "\n";
    file.close();
    if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path.string()));
    const absl::Status synced = SyncFile(path.string());
    return synced.ok() ? SyncFolder(folder_.string()) : synced;
  }

  const fs::path dir_, folder_;
  std::set<std::string> copied_;
  bool has_tokens_ = false;
};

}  // namespace

absl::Status BackUp(const std::string& dir, const std::string& to) {
  std::error_code error;
  fs::path target = fs::absolute(to, error).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (fs::exists(fs::symlink_status(target, error))) {
    return absl::AlreadyExistsError(absl::StrCat(target.string(), " is there already; name a new folder"));
  }
  if (!fs::exists(SqliteStore::DatabasePath(dir), error)) {
    return absl::NotFoundError(absl::StrCat("there is no database in ", dir));
  }
  const fs::path partial = target.string() + ".partial";
  absl::Status status = Backup(dir, partial).Make();
  if (status.ok()) {
    fs::rename(partial, target, error);
    status = ToStatus(error, absl::StrCat("cannot make ", target.string()));
  }
  if (status.ok()) return SyncFolder(target.parent_path().string());
  fs::remove_all(partial, error);
  return status;
}

}  // namespace basin::server::store
