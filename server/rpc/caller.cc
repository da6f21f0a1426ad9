#include "server/rpc/caller.h"

#include <string>
#include <string_view>
#include <vector>

#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"
#include "proto/contract/channel.h"
#include "proto/contract/status.h"
#include "server/access/method_table.h"

namespace basin::server::rpc {
namespace {

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

// What stands after "Bearer " in `authorization`; empty if there is none, or several.
std::string_view TokenIn(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  if (metadata.count(contract::kAuthorizationKey) != 1) return {};
  std::string_view value = View(metadata.find(contract::kAuthorizationKey)->second);
  if (!value.starts_with(contract::kBearer)) return {};
  value.remove_prefix(std::string_view(contract::kBearer).size());
  return value;
}

// The names in the peer's certificate, if gRPC has verified one.
std::vector<std::string> CertificateNames(const grpc::AuthContext& peer) {
  std::vector<std::string> names;
  if (!peer.IsPeerAuthenticated()) return names;
  for (const char* property : {GRPC_X509_CN_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME}) {
    for (const grpc::string_ref& name : peer.FindPropertyValues(property)) names.emplace_back(View(name));
  }
  return names;
}

class AuthProcessor : public grpc::AuthMetadataProcessor {
 public:
  explicit AuthProcessor(const access::Gatekeeper* gatekeeper) : gatekeeper_(*gatekeeper) {}

  // A hash and a few comparisons: not worth another thread.
  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* peer, OutputMetadata*,
                       OutputMetadata*) override {
    const auto path = metadata.find(":path");
    std::string_view method = path == metadata.end() ? std::string_view() : View(path->second);
    if (method.starts_with('/')) method.remove_prefix(1);
    if (access::IsExempt(method)) return grpc::Status::OK;
    const std::vector<std::string> names = CertificateNames(*peer);
    return contract::ToGrpc(
        gatekeeper_.Admit(method, {.token = TokenIn(metadata), .certificate_names = names}).status());
  }

 private:
  const access::Gatekeeper& gatekeeper_;
};

}  // namespace

absl::StatusOr<access::Caller> IdentifyCaller(const access::Gatekeeper* gatekeeper,
                                              const grpc::CallbackServerContext& context,
                                              const google::protobuf::Message& request) {
  if (gatekeeper == nullptr) return access::Caller{.name = "", .role = access::Role::kAdmin};
  const std::vector<std::string> names = CertificateNames(*context.auth_context());
  return gatekeeper->Admit(access::MethodOf(*request.GetDescriptor()),
                           {.token = TokenIn(context.client_metadata()), .certificate_names = names});
}

std::shared_ptr<grpc::AuthMetadataProcessor> MakeAuthProcessor(const access::Gatekeeper* gatekeeper) {
  return std::make_shared<AuthProcessor>(gatekeeper);
}

}  // namespace basin::server::rpc
