#include "server/rpc/server_credentials.h"

#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "server/rpc/caller.h"

namespace basin::server::rpc {
namespace {

constexpr unsigned kReloadSeconds = 1;

std::shared_ptr<grpc::ServerCredentials> Tls(const TlsOptions& options, const contract::TlsFiles& files) {
  using grpc::experimental::FileWatcherCertificateProvider;
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<FileWatcherCertificateProvider>(files.key, files.certificate, files.ca, kReloadSeconds));
  tls.watch_identity_key_cert_pairs();
  grpc_ssl_client_certificate_request_type request = GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  if (!files.ca.empty()) {
    tls.watch_root_certs();
    request = options.require_client_certificate ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                 : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  tls.set_cert_request_type(request);
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const ServerOptions& options,
                                                               const ServerCredentialsFiles* files) {
  std::shared_ptr<grpc::ServerCredentials> credentials;
  if (files != nullptr) {
    credentials = Tls(options.tls, files->in_use());
  } else if (options.gatekeeper != nullptr && options.listen.IsLoopback()) {
    credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  } else {
    return grpc::InsecureServerCredentials();
  }
  if (options.gatekeeper != nullptr) credentials->SetAuthMetadataProcessor(MakeAuthProcessor(options.gatekeeper));
  return credentials;
}

}  // namespace basin::server::rpc
