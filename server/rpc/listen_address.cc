#include "server/rpc/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace basin::server::rpc {
namespace {

// 0 if a socket can listen there.
int ErrorOfListening(const addrinfo& address) {
  const int file = socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
  if (file < 0) return errno;
  const int yes = 1;
  setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const bool listens = bind(file, address.ai_addr, address.ai_addrlen) == 0 && listen(file, 1) == 0;
  const int error = listens ? 0 : errno;
  close(file);
  return error;
}

std::string WhyNot(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (code != 0) return code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr && error == 0; one = one->ai_next) error = ErrorOfListening(*one);
  freeaddrinfo(found);
  switch (error) {
    case 0:
      return "the reason is gone; try again";
    case EADDRINUSE:
      return "another program uses the port";
    case EADDRNOTAVAIL:
      return "this machine does not have the address";
    default:
      return std::strerror(error);
  }
}

}  // namespace

bool ListenAddress::IsLoopback() const {
  if (host == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::string ListenAddress::ToString() const {
  return host.find(':') == std::string::npos ? absl::StrCat(host, ":", port) : absl::StrCat("[", host, "]:", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto wrong = [&](const char* what) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", std::string(text), "' is not an address to listen on: ", what, "; expected HOST:PORT"));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("it has no port");
  ListenAddress address;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("an IPv6 host stands in brackets");
  }
  if (host.empty()) return wrong("it has no host");
  address.host = host;
  const std::string port(text.substr(colon + 1));
  if (!absl::SimpleAtoi(port, &address.port) || address.port < 0 || address.port > 65535) {
    return wrong("the port is not a number from 0 to 65535");
  }
  return address;
}

absl::Status CannotListen(const ListenAddress& address) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address.ToString(), ": ", WhyNot(address)));
}

}  // namespace basin::server::rpc
