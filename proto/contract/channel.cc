#include "proto/contract/channel.h"

#include <chrono>
#include <utility>
#include <vector>

#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"
#include "proto/contract/tls_files.h"
#include "proto/contract/token_source.h"
#include "proto/contract/version.h"

namespace basin::contract {

namespace {

constexpr unsigned kReloadSeconds = 1;

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  // A coordinator is reached directly: a proxy for the web, set in the environment, would swallow even 127.0.0.1.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return arguments;
}

std::shared_ptr<grpc::ChannelCredentials> TlsCredentials(const CredentialFiles& files) {
  using grpc::experimental::FileWatcherCertificateProvider;
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<FileWatcherCertificateProvider>(files.key, files.certificate, files.ca, kReloadSeconds));
  options.watch_root_certs();
  if (!files.certificate.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

// Adds the token to each call. On plaintext gRPC's own call credentials refuse to, and there the server may ask for
// one.
class TokenInterceptor : public grpc::experimental::Interceptor {
 public:
  explicit TokenInterceptor(TokenSource* source) : source_(*source) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->insert({kAuthorizationKey, kBearer + source_.Read()});
    }
    methods->Proceed();
  }

 private:
  TokenSource& source_;
};

class TokenInterceptorFactory : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptorFactory(std::unique_ptr<TokenSource> source) : source_(std::move(source)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    return new TokenInterceptor(source_.get());
  }

 private:
  const std::unique_ptr<TokenSource> source_;
};

}  // namespace

std::shared_ptr<grpc::Channel> CreateChannel(const std::string& target) {
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), Arguments());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(const std::string& target, const CredentialFiles& files) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (files.tls()) {
    const absl::Status usable = CheckTlsFiles({files.ca, files.certificate, files.key});
    if (!usable.ok()) return usable;
    credentials = TlsCredentials(files);
  }
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (!files.token.empty()) {
    absl::StatusOr<std::unique_ptr<TokenSource>> token = TokenSource::Open(files.token);
    if (!token.ok()) return token.status();
    interceptors.push_back(std::make_unique<TokenInterceptorFactory>(*std::move(token)));
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(target, credentials, Arguments(),
                                                                 std::move(interceptors));
}

void PrepareContext(grpc::ClientContext* context, double deadline_seconds) {
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::microseconds(static_cast<int64_t>(deadline_seconds * 1e6)));
  context->AddMetadata(kProtocolVersionKey, std::to_string(kProtocolVersion));
}

}  // namespace basin::contract
