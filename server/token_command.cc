#include "server/token_command.h"

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/access/token_file.h"
#include "server/runtime/system_clock.h"
#include "server/store/sqlite_store.h"

namespace basin::server {
namespace {

constexpr char kReload[] = "a server that started with tokens takes it up on SIGHUP (systemctl reload basin-server)";
// SIGHUP reads again what a server knows to ask for.
constexpr char kRestart[] =
    "it is the first, and a running server without tokens stays open to all until it is restarted (systemctl restart "
    "basin-server)";

std::string NowText() {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(runtime::SystemClock().Read().wall).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

int Ended(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "basin-server: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

// That there is what a command is to look at: a wrong --data-dir must not look like a server without tokens.
absl::Status CheckFiles(const TokenCommandFiles& files) {
  std::error_code error;
  if (std::filesystem::exists(files.tokens, error) ||
      std::filesystem::exists(store::SqliteStore::DatabasePath(files.data_dir), error)) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("there is neither ", files.tokens, " nor a database in ", files.data_dir, "; see --data-dir"));
}

int Create(const std::string& path, const std::string& name, const std::string& role) {
  const absl::StatusOr<access::TokenFile> before = access::TokenFile::Read(path);
  const bool first = before.ok() && before->tokens().empty();
  const absl::StatusOr<std::string> token =
      access::TokenFile::Create(path, name, access::RoleNamed(role).value(), NowText());
  if (!token.ok()) return Ended(token.status());
  std::fprintf(stderr, "The token of '%s' (%s), shown this once; its hash is in %s; %s:\n", name.c_str(), role.c_str(),
               path.c_str(), first ? kRestart : kReload);
  std::printf("%s\n", token->c_str());
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int List(const std::string& path) {
  const absl::StatusOr<access::TokenFile> file = access::TokenFile::Read(path);
  if (!file.ok()) return Ended(file.status());
  std::printf("%-24s %-8s %s\n", "NAME", "ROLE", "CREATED");
  for (const access::Token& token : file->tokens()) {
    std::printf("%-24s %-8s %s\n", token.name.c_str(), std::string(access::NameOf(token.role)).c_str(),
                token.created.c_str());
  }
  return 0;
}

int Revoke(const std::string& path, const std::string& name) {
  const absl::Status revoked = access::TokenFile::Revoke(path, name);
  if (revoked.ok()) std::fprintf(stderr, "The token of '%s' is revoked; %s.\n", name.c_str(), kReload);
  return Ended(revoked);
}

}  // namespace

void AddTokenCommand(CLI::App* app, std::function<TokenCommandFiles()> files,
                     std::function<absl::Status(const std::string&)> make_data_dir, int* exit_code) {
  const auto name = std::make_shared<std::string>(), role = std::make_shared<std::string>();
  CLI::App* token = app->add_subcommand("token", "Make, list and revoke the tokens that callers show");
  token->require_subcommand(1);
  token->fallthrough();
  CLI::App* create = token->add_subcommand("create", "Print a new token, once; only its hash is stored");
  create->fallthrough();
  create->add_option("--name", *name, "Whom it is for; shown as owner of sweeps and in the audit")->required();
  create->add_option("--role", *role, "read, submit (also makes and steers sweeps), admin, or worker")
      ->required()
      ->check(CLI::IsMember({"read", "submit", "admin", "worker"}));
  create->footer("Example: basin-server token create --role submit --name alice > alice.token");
  create->callback([=] {
    const absl::Status made = make_data_dir(files().data_dir);
    *exit_code = made.ok() ? Create(files().tokens, *name, *role) : Ended(made);
  });
  CLI::App* list = token->add_subcommand("list", "Names, roles and dates of all tokens");
  list->fallthrough();
  list->callback([=] {
    const absl::Status found = CheckFiles(files());
    *exit_code = found.ok() ? List(files().tokens) : Ended(found);
  });
  CLI::App* revoke = token->add_subcommand("revoke", "Make a token worthless");
  revoke->fallthrough();
  revoke->add_option("--name", *name, "Whose")->required();
  revoke->callback([=] {
    const absl::Status found = CheckFiles(files());
    *exit_code = found.ok() ? Revoke(files().tokens, *name) : Ended(found);
  });
}

}  // namespace basin::server
