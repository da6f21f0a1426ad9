#include "server/observe/http_connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace basin::server::observe {

HttpConnections::HttpConnections(const HttpLimits& limits)
    : limits_(limits), watch_([this](std::stop_token stop) { EndOldOnes(std::move(stop)); }) {}

HttpConnections::~HttpConnections() = default;

HttpConnections::Connection* HttpConnections::Add(int socket, std::string peer) {
  const std::lock_guard lock(mutex_);
  open_.push_back({.socket = socket, .peer = std::move(peer), .since = clock_.Read().mono});
  EndOneTooMany();
  changed_.notify_one();
  return &open_.back();
}

void HttpConnections::Remove(Connection* connection) {
  const std::lock_guard lock(mutex_);
  open_.remove_if([connection](const Connection& one) { return &one == connection; });
}

bool HttpConnections::IsLate(const Connection& connection) const {
  return clock_.Read().mono - connection.since > limits_.age / 2;
}

void HttpConnections::EndOneTooMany() {
  size_t all = 0;
  std::map<std::string_view, size_t> of_peer;
  for (const Connection& one : open_) {
    if (one.ended) continue;
    ++all;
    ++of_peer[one.peer];
  }
  if (all <= limits_.connections) return;
  size_t most = 0;
  for (const auto& [peer, count] : of_peer) most = std::max(most, count);
  End(&*std::find_if(open_.begin(), open_.end(),
                     [&](const Connection& one) { return !one.ended && of_peer[one.peer] == most; }));
}

void HttpConnections::EndOldOnes(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !open_.empty(); })) {
    for (Connection& one : open_) {
      if (!one.ended && clock_.Read().mono - one.since > limits_.age) End(&one);
    }
    changed_.wait_for(lock, stop, limits_.age / 10, [] { return false; });
  }
}

void HttpConnections::End(Connection* connection) {
  connection->ended = true;
  shutdown(connection->socket, SHUT_RDWR);
}

}  // namespace basin::server::observe
