#pragma once

#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace basin::contract {

// 4 MiB in either direction; more goes over as pages or streams.
inline constexpr int kMaxMessageBytes = 4 * 1024 * 1024;

// A channel to `target` (HOST:PORT) with keepalive 30 s, the message limit, and quick reconnection (at most 2 s apart).
// Does not connect yet. Plaintext;
std::shared_ptr<grpc::Channel> CreateChannel(const std::string& target);

// Sets the deadline and the protocol version's metadata.
void PrepareContext(grpc::ClientContext* context, double deadline_seconds);

}  // namespace basin::contract
