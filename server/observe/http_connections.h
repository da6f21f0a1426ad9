#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "server/core/model.h"
#include "server/runtime/system_clock.h"

namespace basin::server::observe {

struct HttpLimits {
  // A connection on which nothing moved for so long is closed, in whole seconds.
  std::chrono::seconds idle = std::chrono::seconds(5);
  // One that is older is ended, whatever it does; from half of that age on it is closed after its next answer.
  std::chrono::milliseconds age = std::chrono::seconds(10);
  // The most that are open at a time.
  size_t connections = 48;
};

// The open connections of a listener: ends those that last too long, and one when there are too many. To end is to
// shut the socket down; its owner then finds it at its end, and closes it. Thread-safe.
class HttpConnections {
 public:
  struct Connection {
    int socket;
    std::string peer;
    core::MonoTime since;
    bool ended = false;
  };

  explicit HttpConnections(const HttpLimits& limits);
  ~HttpConnections();

  // The peer that has the most connections pays for one too many with its oldest: who has few is served however many
  // others come, and the newest always is.
  Connection* Add(int socket, std::string peer);
  // Before the socket is closed.
  void Remove(Connection* connection);

  // Its next answer is its last.
  bool IsLate(const Connection& connection) const;

 private:
  void EndOneTooMany();
  void EndOldOnes(std::stop_token stop);
  static void End(Connection* connection);

  const HttpLimits limits_;
  const runtime::SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Connection> open_;  // By age, the oldest first.
  std::jthread watch_;
};

}  // namespace basin::server::observe
