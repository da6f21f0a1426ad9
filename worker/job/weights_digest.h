#pragma once

#include <bit>
#include <span>
#include <string>
#include <string_view>

#include "proto/contract/digest.h"

namespace basin::worker::job {

// SHA-256, in hex, of flat parameters as float32, little endian, in the order of train::NetworkShape.
inline std::string WeightsDigest(std::span<const float> params) {
  static_assert(std::endian::native == std::endian::little);
  return contract::Sha256Hex({reinterpret_cast<const char*>(params.data()), params.size_bytes()});
}

}  // namespace basin::worker::job
