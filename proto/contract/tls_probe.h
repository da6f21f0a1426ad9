#pragma once

#include <string>

#include "absl/status/status.h"
#include "proto/contract/channel.h"
#include "proto/contract/tls_files.h"

namespace basin::contract {

// Why TLS fails: shakes hands with `target` (HOST:PORT) on a connection of its own, for gRPC tells only that it failed.
// OK if the handshake succeeds. UNAVAILABLE when nothing answers. UNAUTHENTICATED with a sentence that says what to do:
// the server does not speak TLS; its certificate is of another authority, expired, or for another name; it refuses
// ours. Takes at most `seconds`.
absl::Status ProbeTls(const std::string& target, const TlsFiles& files, double seconds);

// Why a channel with these credentials is UNAVAILABLE, if that has to do with TLS: a status as of ProbeTls, or
// UNAUTHENTICATED if the channel is plaintext and the server speaks TLS. OK if there is nothing to say. Takes at most
// two seconds.
absl::Status ExplainUnavailable(const std::string& target, const CredentialFiles& files);

}  // namespace basin::contract
