#include "server/rpc/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace basin::server::rpc {
namespace {

// A listening socket, or -1 and errno.
int ListenOn(const addrinfo& address) {
  const int file = socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol);
  if (file < 0) return -1;
  const int yes = 1, no = 0;
  setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (address.ai_family == AF_INET6) setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  if (bind(file, address.ai_addr, address.ai_addrlen) == 0 && listen(file, SOMAXCONN) == 0) return file;
  const int error = errno;
  close(file);
  errno = error;
  return -1;
}

absl::Status CannotListen(const ListenAddress& address, const std::string& why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address.ToString(), ": ", why));
}

const char* Meaning(int error) {
  switch (error) {
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

absl::StatusOr<int> ListenOn(const ListenAddress& address) {
  addrinfo wanted{};
  wanted.ai_flags = AI_PASSIVE;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* all = nullptr;
  const int error = getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &wanted, &all);
  if (error != 0) return CannotListen(address, error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(all, freeaddrinfo);
  int first_error = 0;
  for (const addrinfo* one = all; one != nullptr; one = one->ai_next) {
    const int file = ListenOn(*one);
    if (file >= 0) return file;
    if (first_error == 0) first_error = errno;
  }
  return CannotListen(address, Meaning(first_error));
}

absl::Status CannotListen(const ListenAddress& address) {
  const absl::StatusOr<int> socket = ListenOn(address);
  if (!socket.ok()) return socket.status();
  close(*socket);
  return CannotListen(address, "the reason is gone; try again");
}

}  // namespace basin::server::rpc
