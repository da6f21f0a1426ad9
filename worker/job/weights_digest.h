#pragma once

#include <bit>
#include <span>
#include <string>
#include <string_view>

#include "proto/contract/digest.h"

namespace basin::worker::job {

// SHA-256, in hex, of flat parameters and, behind them, buffers, as float32, little endian, in the order of
// train::NetworkShape.
inline std::string WeightsDigest(std::span<const float> params, std::span<const float> buffers = {}) {
  static_assert(std::endian::native == std::endian::little);
  contract::Sha256 digest;
  digest.Update(params.data(), params.size_bytes());
  digest.Update(buffers.data(), buffers.size_bytes());
  return digest.FinishHex();
}

}  // namespace basin::worker::job
