#include "tests/server/observe/http_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace basin::server::observe {
namespace {

sockaddr_in AddressOf(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

}  // namespace

HttpPeer::HttpPeer(int port, const std::string& from) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in here = AddressOf(from, 0), there = AddressOf("127.0.0.1", port);
  const timeval limit{.tv_sec = 60, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&here), sizeof(here)) != 0 ||
      connect(socket_, reinterpret_cast<const sockaddr*>(&there), sizeof(there)) != 0) {
    std::abort();
  }
}

HttpPeer::~HttpPeer() { close(socket_); }

bool HttpPeer::Send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool HttpPeer::IsEnded() {
  char bytes[4096];
  ssize_t got = 0;
  while ((got = recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
    received_.append(bytes, static_cast<size_t>(got));
  }
  return got == 0 || (errno != EAGAIN && errno != EINTR);
}

void HttpPeer::ReceiveUpTo(size_t size) {
  char bytes[4096];
  while (received_.size() < size) {
    const ssize_t got = recv(socket_, bytes, sizeof(bytes), 0);
    if (got <= 0) return;
    received_.append(bytes, static_cast<size_t>(got));
  }
}

HttpPeer::Answer HttpPeer::Ask(const std::string& path, const std::string& method) {
  if (!Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n\r\n"))) return {};
  size_t end = std::string::npos;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    const size_t before = received_.size();
    ReceiveUpTo(before + 1);
    if (received_.size() == before) return {};
  }
  Answer answer{.header = received_.substr(0, end + 2), .body = ""};
  answer.status = std::atoi(answer.header.c_str() + std::string("HTTP/1.1 ").size());
  const size_t length = answer.header.find("Content-Length: ");
  size_t size = end + 4;
  if (method != "HEAD" && length != std::string::npos) size += std::stoul(answer.header.substr(length + 16));
  ReceiveUpTo(size);
  answer.body = received_.substr(end + 4, size - end - 4);
  received_.erase(0, size);
  return answer;
}

}  // namespace basin::server::observe
