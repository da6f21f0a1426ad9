#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "grpcpp/server_context.h"
#include "server/access/gatekeeper.h"

namespace basin::server::rpc {

// Who makes this call, if he may; without a gatekeeper everyone may do everything and has no name. `request` tells the
// method. Every handler asks this first: it holds on every kind of connection.
absl::StatusOr<access::Caller> IdentifyCaller(const access::Gatekeeper* gatekeeper,
                                              const grpc::CallbackServerContext& context,
                                              const google::protobuf::Message& request);

// Refuses calls before any handler, other services' too (reflection); health is exempt. Belongs to credentials other
// than insecure ones, with which it would crash gRPC 1.51. It does not tell the handlers whom it let pass: what a
// processor adds to gRPC's context stays with the connection.
std::shared_ptr<grpc::AuthMetadataProcessor> MakeAuthProcessor(const access::Gatekeeper* gatekeeper);

}  // namespace basin::server::rpc
