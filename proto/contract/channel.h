#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace basin::contract {

// 4 MiB in either direction; more goes over as pages or streams.
inline constexpr int kMaxMessageBytes = 4 * 1024 * 1024;

// The metadata that carries a token: `authorization: Bearer TOKEN`.
inline constexpr char kAuthorizationKey[] = "authorization";
inline constexpr char kBearer[] = "Bearer ";

// What a program shows of itself, and whom it trusts; paths of PEM files and of a token's file, each may be empty.
struct CredentialFiles {
  std::string ca;           // Whom the server's certificate must come from. None of the three: plaintext.
  std::string certificate;  // The program's own, with its chain.
  std::string key;
  std::string token;

  bool tls() const { return !ca.empty() || !certificate.empty() || !key.empty(); }
};

// A channel to `target` (HOST:PORT) with keepalive 30 s, the message limit, and quick reconnection (at most 2 s apart).
// Does not connect yet. Plaintext.
std::shared_ptr<grpc::Channel> CreateChannel(const std::string& target);
// The same with credentials; each call carries the token. Files that change are read again. Errors name the file that
// cannot be used and why.
absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(const std::string& target, const CredentialFiles& files);

// Sets the deadline and the protocol version's metadata.
void PrepareContext(grpc::ClientContext* context, double deadline_seconds);

}  // namespace basin::contract
