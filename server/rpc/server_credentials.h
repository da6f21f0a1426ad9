#pragma once

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "server/rpc/server.h"
#include "server/rpc/server_credentials_files.h"

namespace basin::server::rpc {

// TLS 1.2 or newer with `files`, which outlive whatever the credentials are given to. Plaintext where they are null:
// where callers are asked who they are, for this machine alone if it listens on loopback. There and with TLS, calls are
// refused before they reach a handler.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const ServerOptions& options,
                                                               const ServerCredentialsFiles* files);

}  // namespace basin::server::rpc
