#include "server/token_command.h"

#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access/token_file.h"
#include "server/runtime/system_clock.h"

namespace basin::server {
namespace {

constexpr char kAfterwards[] = "a running server takes it up on SIGHUP (systemctl reload basin-server)";

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

int Create(const std::string& path, const std::string& name, const std::string& role) {
  const absl::StatusOr<std::string> token =
      access::TokenFile::Create(path, name, access::RoleNamed(role).value(), NowText());
  if (!token.ok()) return Ended(token.status());
  std::fprintf(stderr, "The token of '%s' (%s), shown this once; its hash is in %s; %s:\n", name.c_str(), role.c_str(),
               path.c_str(), kAfterwards);
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
  if (revoked.ok()) std::fprintf(stderr, "The token of '%s' is revoked; %s.\n", name.c_str(), kAfterwards);
  return Ended(revoked);
}

}  // namespace

void AddTokenCommand(CLI::App* app, std::function<std::string()> file, int* exit_code) {
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
  create->callback([=] { *exit_code = Create(file(), *name, *role); });
  CLI::App* list = token->add_subcommand("list", "Names, roles and dates of all tokens");
  list->fallthrough();
  list->callback([=] { *exit_code = List(file()); });
  CLI::App* revoke = token->add_subcommand("revoke", "Make a token worthless");
  revoke->fallthrough();
  revoke->add_option("--name", *name, "Whose")->required();
  revoke->callback([=] { *exit_code = Revoke(file(), *name); });
}

}  // namespace basin::server
