#include "server/access/gatekeeper.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/access/method_table.h"

namespace basin::server::access {
namespace {

absl::Status Denied(const Caller& caller, std::string_view method, std::optional<Role> needed) {
  const std::string what(method.substr(method.rfind('/') + 1));
  const std::string who = absl::StrCat("'", caller.name, "' has the role ", std::string(NameOf(caller.role)));
  if (!needed) return absl::PermissionDeniedError(absl::StrCat(who, "; no role may call ", std::string(method)));
  const std::string role(NameOf(*needed));
  return absl::PermissionDeniedError(
      absl::StrCat(who, ", and ", what, " needs the role ", role,
                   "; ask the operator for a token of that role (`basin-server token create --role ", role, "`)"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gatekeeper>> Gatekeeper::Open(const Files& files) {
  auto gatekeeper = std::unique_ptr<Gatekeeper>(new Gatekeeper(files));
  const absl::Status read = gatekeeper->Reload();
  if (!read.ok()) return read;
  return gatekeeper;
}

absl::Status Gatekeeper::Reload() {
  auto tables = std::make_shared<Tables>();
  absl::StatusOr<TokenFile> tokens = TokenFile::Read(files_.tokens);
  if (!tokens.ok()) return tokens.status();
  tables->tokens = *std::move(tokens);
  if (!files_.certificate_roles.empty()) {
    absl::StatusOr<CertificateRoles> certificates = CertificateRoles::Read(files_.certificate_roles);
    if (!certificates.ok()) return certificates.status();
    tables->certificates = *std::move(certificates);
  }
  const std::lock_guard lock(mutex_);
  tables_ = std::move(tables);
  return absl::OkStatus();
}

std::shared_ptr<const Gatekeeper::Tables> Gatekeeper::tables() const {
  const std::lock_guard lock(mutex_);
  return tables_;
}

bool Gatekeeper::empty() const {
  const auto now = tables();
  return now->tokens.tokens().empty() && now->certificates.empty();
}

absl::StatusOr<Caller> Gatekeeper::Identify(const Credentials& credentials) const {
  const auto now = tables();
  if (!credentials.token.empty()) {
    if (const Token* token = now->tokens.Find(credentials.token)) return Caller{token->name, token->role};
    return absl::UnauthenticatedError(
        "the token is not valid: it was revoked, or is another server's; ask the operator for a new one (`basin-server "
        "token create`)");
  }
  if (const Caller* caller = now->certificates.Find(credentials.certificate_names)) return *caller;
  if (!credentials.certificate_names.empty() && !now->certificates.empty()) {
    return absl::UnauthenticatedError(
        absl::StrCat("the certificate of '", credentials.certificate_names.front(),
                     "' has no role on this server, and no token was sent; name a token's file with --token-file or "
                     "BASIN_TOKEN_FILE"));
  }
  return absl::UnauthenticatedError(
      "this server asks for a token; name its file with --token-file or BASIN_TOKEN_FILE (the operator makes one with "
      "`basin-server token create`)");
}

absl::StatusOr<Caller> Gatekeeper::Admit(std::string_view method, const Credentials& credentials) const {
  absl::StatusOr<Caller> caller = Identify(credentials);
  if (!caller.ok()) return caller;
  const std::optional<Role> needed = RoleNeededFor(method);
  if (!needed || !Covers(caller->role, *needed)) return Denied(*caller, method, needed);
  return caller;
}

}  // namespace basin::server::access
