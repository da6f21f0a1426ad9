#pragma once

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "server/rpc/server.h"

namespace basin::server::rpc {

// TLS 1.2 or newer where the options name a certificate. Plaintext else: where callers are asked who they are, for this
// machine alone if it listens on loopback. There and with TLS, calls are refused before they reach a handler.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const ServerOptions& options);

}  // namespace basin::server::rpc
