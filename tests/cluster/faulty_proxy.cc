#include "tests/cluster/faulty_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace basin::tests {
namespace {

constexpr size_t kMostWaiting = 1 << 20;
constexpr auto kDelay = std::chrono::milliseconds(200);

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void Check(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::abort();
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

FaultyProxy::FaultyProxy(uint16_t target)
    : target_(target), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  Check(listener_ >= 0 && bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            listen(listener_, 64) == 0 && getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "a proxy can't listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FaultyProxy::~FaultyProxy() {
  stops_ = true;
  thread_.join();
  for (Connection& connection : connections_) Close(connection);
  close(listener_);
}

void FaultyProxy::Close(Connection& connection) {
  // Reset rather than ended, as by a machine that knows nothing of it.
  const linger at_once{1, 0};
  for (const int end : {connection.requests.from, connection.requests.to}) {
    setsockopt(end, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(end);
  }
}

void FaultyProxy::Accept(Fault fault) {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Connection connection;
  connection.requests.from = connection.responses.to = client;
  connection.requests.to = connection.responses.from = server;
  const sockaddr_in address = Loopback(target_);
  if (fault == Fault::kDrop || connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Close(connection);
  }
  fcntl(server, F_SETFL, O_NONBLOCK);
  connections_.push_back(std::move(connection));
}

void FaultyProxy::Pass(Connection& connection, Stream& stream, bool blocked, Fault fault) {
  if (blocked) return;
  char buffer[1 << 16];
  while (!stream.ended && stream.waiting_bytes < kMostWaiting) {
    const ssize_t size = recv(stream.from, buffer, sizeof(buffer), 0);
    if (size < 0 && WouldBlock()) break;
    if (size < 0) connection.broken = true;
    if (size <= 0) {
      stream.ended = true;
      break;
    }
    const Clock::time_point due = Clock::now() + (fault == Fault::kDelay ? kDelay : Clock::duration::zero());
    stream.waiting.push_back({due, std::string(buffer, static_cast<size_t>(size))});
    stream.waiting_bytes += static_cast<size_t>(size);
  }
  while (!stream.waiting.empty() && stream.waiting.front().due <= Clock::now()) {
    std::string& bytes = stream.waiting.front().bytes;
    const ssize_t size = send(stream.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && !WouldBlock()) connection.broken = true;
    if (size < 0) return;
    stream.waiting_bytes -= static_cast<size_t>(size);
    bytes.erase(0, static_cast<size_t>(size));
    if (!bytes.empty()) return;
    stream.waiting.pop_front();
  }
  if (stream.ended && stream.waiting.empty()) connection.broken = true;
}

void FaultyProxy::Run() {
  while (!stops_) {
    const Fault fault = fault_;
    std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
    for (const Connection& connection : connections_) {
      polled.push_back({connection.requests.from, POLLIN, 0});
      polled.push_back({connection.responses.from, POLLIN, 0});
    }
    // What waits for its time, for room, or for the fault to pass is looked at every few milliseconds.
    const bool patient = fault != Fault::kNone && fault != Fault::kDrop;
    poll(polled.data(), patient ? 1 : polled.size(), 5);
    Accept(fault);
    for (auto connection = connections_.begin(); connection != connections_.end();) {
      Pass(*connection, connection->requests, fault == Fault::kSilence || fault == Fault::kNoRequests, fault);
      Pass(*connection, connection->responses, fault == Fault::kSilence || fault == Fault::kNoResponses, fault);
      if (connection->broken || fault == Fault::kDrop) {
        Close(*connection);
        connection = connections_.erase(connection);
      } else {
        ++connection;
      }
    }
  }
}

}  // namespace basin::tests
