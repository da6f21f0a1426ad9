#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace basin::server::rpc {

struct ListenAddress {
  std::string host;  // Without brackets.
  int port = 0;      // 0: any free one.

  // Nobody on another machine can reach it.
  bool IsLoopback() const;
  // `[::1]:7077` for an IPv6 host.
  std::string ToString() const;
};

// `HOST:PORT`; an IPv6 host in brackets. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// A socket that listens on the first of the host's addresses where that is possible; the caller closes it. UNAVAILABLE
// with the system's reason.
absl::StatusOr<int> ListenOn(const ListenAddress& address);

// UNAVAILABLE with the system's reason why `address` can't be listened on, which it finds by trying; for those whose
// libraries tell none.
absl::Status CannotListen(const ListenAddress& address);

}  // namespace basin::server::rpc
