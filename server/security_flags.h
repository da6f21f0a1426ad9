#pragma once

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access/gatekeeper.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/server.h"

namespace basin::server {

struct SecurityFlags {
  std::string cert_file, key_file, trusted_ca_file;
  bool client_cert_auth = false;
  std::string token_file;  // Empty: `tokens` in the data dir, if it is there.
  std::string certificate_roles_file;
  bool insecure_allow_remote = false;
};

void DeclareSecurityFlags(CLI::App* app, SecurityFlags* flags);

std::string TokenFileOf(const SecurityFlags& flags, const std::string& data_dir);

// Who may call. Null: everyone, for there is neither a token file nor a file of certificates' roles.
absl::StatusOr<std::unique_ptr<access::Gatekeeper>> OpenGatekeeper(const SecurityFlags& flags,
                                                                   const std::string& data_dir);

// INVALID_ARGUMENT when flags lack each other, or other machines could reach the address without encryption or without
// authentication; else what the flags say of TLS, its files checked.
absl::StatusOr<rpc::TlsOptions> CheckSecurity(const SecurityFlags& flags, const rpc::ListenAddress& listen,
                                              const access::Gatekeeper* gatekeeper);

}  // namespace basin::server
