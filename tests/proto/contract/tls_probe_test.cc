#include "proto/contract/tls_probe.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace basin::contract {
namespace {

// Takes connections and ends them at once, as a proxy does whose backend is down.
class Unfriendly {
 public:
  Unfriendly() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    target_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] {
      while (true) {
        const int connection = accept(listener_, nullptr, nullptr);
        if (connection < 0) return;
        // The end, and then a reset: the next write to it raises SIGPIPE.
        shutdown(connection, SHUT_WR);
        const linger reset{.l_onoff = 1, .l_linger = 0};
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(connection);
      }
    });
  }
  ~Unfriendly() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  const std::string& target() const { return target_; }

 private:
  const int listener_;
  std::string target_;
  std::thread thread_;
};

TEST(TlsProbeTest, APeerThatEndsTheConnectionDoesNotEndTheProcess) {
  const Unfriendly peer;
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(ExplainUnavailable(peer.target(), {}).ok());
  }
}

}  // namespace
}  // namespace basin::contract
