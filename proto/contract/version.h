#pragma once

#include <cstdint>

namespace basin::contract {

// Raised when programs of two numbers could not work together; not for added fields.
inline constexpr uint32_t kProtocolVersion = 1;
// Metadata key under which a client says its protocol version.
inline constexpr char kProtocolVersionKey[] = "basin-protocol-version";
inline constexpr char kVersion[] = BASIN_VERSION;

}  // namespace basin::contract
