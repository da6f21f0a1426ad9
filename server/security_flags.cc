#include "server/security_flags.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace basin::server {

void DeclareSecurityFlags(CLI::App* app, SecurityFlags* flags) {
  app->add_option("--cert-file", flags->cert_file, "PEM file of the server's certificate and its chain: serve TLS")
      ->envname("BASIN_CERT_FILE");
  app->add_option("--key-file", flags->key_file, "PEM file of the certificate's key")->envname("BASIN_KEY_FILE");
  app->add_option("--trusted-ca-file", flags->trusted_ca_file, "PEM file of the authority of client certificates")
      ->envname("BASIN_TRUSTED_CA_FILE");
  app->add_flag("--client-cert-auth", flags->client_cert_auth, "Refuse callers without a certificate (mutual TLS)")
      ->envname("BASIN_CLIENT_CERT_AUTH");
  // BASIN_TOKEN_FILE is a client's and a worker's: a file with a token, which a server must not mistake for its own.
  app->add_option("--token-file", flags->token_file, "Hashes of tokens [DATA_DIR/tokens, if it is there]")
      ->envname("BASIN_SERVER_TOKEN_FILE");
  app->add_option("--certificate-roles-file", flags->certificate_roles_file,
                  "Lines NAME ROLE: what names in client certificates may do without a token")
      ->envname("BASIN_CERTIFICATE_ROLES_FILE");
  app->add_flag("--insecure-allow-remote", flags->insecure_allow_remote,
                "Serve other machines without encryption, and without authentication if there are no tokens")
      ->envname("BASIN_INSECURE_ALLOW_REMOTE");
}

std::string TokenFileOf(const SecurityFlags& flags, const std::string& data_dir) {
  return flags.token_file.empty() ? absl::StrCat(data_dir, "/tokens") : flags.token_file;
}

absl::StatusOr<std::unique_ptr<access::Gatekeeper>> OpenGatekeeper(const SecurityFlags& flags,
                                                                   const std::string& data_dir) {
  const std::string tokens = TokenFileOf(flags, data_dir);
  std::error_code error;
  const bool asked = !flags.token_file.empty() || !flags.certificate_roles_file.empty();
  if (!asked && !std::filesystem::exists(tokens, error)) return nullptr;
  auto gatekeeper = access::Gatekeeper::Open({tokens, flags.certificate_roles_file});
  if (gatekeeper.ok() && (*gatekeeper)->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        tokens, " has no token, so nobody could call; make one with `basin-server token create` and the same flags"));
  }
  return gatekeeper;
}

absl::StatusOr<rpc::TlsOptions> CheckSecurity(const SecurityFlags& flags, const rpc::ListenAddress& listen,
                                              const access::Gatekeeper* gatekeeper) {
  const bool tls = !flags.cert_file.empty();
  if (tls == flags.key_file.empty()) {
    return absl::InvalidArgumentError("--cert-file and --key-file belong together");
  }
  if (!tls && (!flags.trusted_ca_file.empty() || flags.client_cert_auth)) {
    return absl::InvalidArgumentError("--trusted-ca-file and --client-cert-auth need --cert-file and --key-file");
  }
  if (flags.client_cert_auth && flags.trusted_ca_file.empty()) {
    return absl::InvalidArgumentError("--client-cert-auth needs --trusted-ca-file: whose certificates to accept");
  }
  if (!flags.certificate_roles_file.empty() && flags.trusted_ca_file.empty()) {
    return absl::InvalidArgumentError("--certificate-roles-file needs --trusted-ca-file: whose certificates to accept");
  }
  if (!listen.IsLoopback() && !flags.insecure_allow_remote && (!tls || gatekeeper == nullptr)) {
    const char* lack = tls                     ? "nobody would have to say who he is"
                       : gatekeeper != nullptr ? "nothing would be encrypted"
                                               : "nothing would be encrypted or authenticated";
    return absl::InvalidArgumentError(
        absl::StrCat(listen.ToString(), " can be reached from other machines, and ", lack,
                     ".\nListen on 127.0.0.1; or give --cert-file and --key-file (deploy/make-certs makes them) and "
                     "make tokens with "
                     "`basin-server token create`; or add --insecure-allow-remote if the network is trusted."));
  }
  const contract::TlsFiles files{flags.trusted_ca_file, flags.cert_file, flags.key_file};
  const absl::Status usable = contract::CheckTlsFiles(files);
  if (!usable.ok()) return usable;
  return rpc::TlsOptions{.files = files, .require_client_certificate = flags.client_cert_auth};
}

}  // namespace basin::server
