#include "client/api/request_id.h"

#include <random>

namespace basin::client::api {

std::string RandomRequestId() {
  std::random_device device;
  static constexpr char kHex[] = "0123456789abcdef";
  std::string id;
  for (int word = 0; word < 4; ++word) {
    const uint32_t bits = device();
    for (int i = 0; i < 8; ++i) id += kHex[(bits >> (4 * i)) & 15];
  }
  return id;
}

}  // namespace basin::client::api
