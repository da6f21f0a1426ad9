#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <thread>

namespace basin::tests {

// A TCP proxy on a free port of 127.0.0.1 that treats what passes as a bad network would. One thread; the faults may be
// set by another.
class FaultyProxy {
 public:
  enum class Fault {
    kNone,
    kDelay,        // 200 ms for whatever passes, either way.
    kDrop,         // All connections are reset, and new ones refused.
    kSilence,      // Connections stay; nothing passes.
    kNoRequests,   // Only what the server says passes.
    kNoResponses,  // Only what the client says passes: it is executed, and the answer is lost for the time being.
  };
  static constexpr int kFaults = 6;

  // `target` is a port of 127.0.0.1; nobody needs to listen there yet.
  explicit FaultyProxy(uint16_t target);
  ~FaultyProxy();
  FaultyProxy(const FaultyProxy&) = delete;
  FaultyProxy& operator=(const FaultyProxy&) = delete;

  // HOST:PORT.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Set(Fault fault) { fault_ = fault; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
  };
  // One direction.
  struct Stream {
    int from = -1, to = -1;
    std::deque<Chunk> waiting;
    size_t waiting_bytes = 0;
    bool ended = false;
  };
  struct Connection {
    Stream requests, responses;
    bool broken = false;
  };

  void Run();
  void Accept(Fault fault);
  void Pass(Connection& connection, Stream& stream, bool blocked, Fault fault);
  static void Close(Connection& connection);

  const uint16_t target_;
  uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<Fault> fault_{Fault::kNone};
  std::atomic<bool> stops_{false};
  std::list<Connection> connections_;
  std::thread thread_;
};

}  // namespace basin::tests
