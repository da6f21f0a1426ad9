#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace basin::server::rpc {

// Bytes that the elements of one page may take together, so that an answer stays below the limit of a message.
inline constexpr size_t kMaxPageBytes = 3 * 1024 * 1024;

// The number of elements asked for: 100 for 0. INVALID_ARGUMENT at `page_size` above 1000.
absl::StatusOr<uint32_t> ReadPageSize(uint32_t page_size);

// What a list is about: its request without page_size and page_token, and the sweep that it names. A token is good for
// one scope alone.
std::string PageScope(const google::protobuf::Message& request, std::string_view sweep_id);

// Where a list goes on, as an opaque text.
std::string MakePageToken(std::string_view scope, std::string_view cursor);
// The cursor; empty for no token. INVALID_ARGUMENT at `page_token` if it is not one of this list.
absl::StatusOr<std::string> ReadPageToken(std::string_view scope, const std::string& token);
absl::Status BadPageToken();

// How many of `messages`, from the first on, one page may hold: at least one if there is any.
size_t CountThatFits(const auto& messages) {
  size_t bytes = 0, count = 0;
  for (const auto& message : messages) {
    bytes += message.ByteSizeLong() + 8;
    if (count > 0 && bytes > kMaxPageBytes) break;
    ++count;
  }
  return count;
}

}  // namespace basin::server::rpc
