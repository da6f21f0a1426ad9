#include "server/observe/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <memory>
#include <vector>

#include "tests/server/observe/http_peer.h"
#include "tests/support/eventually.h"

namespace basin::server::observe {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using tests::Eventually;

// Nothing ends for its age or for silence while a test runs.
constexpr HttpLimits kPatient{.idle = seconds(3600), .age = seconds(3600)};

class HttpListenerTest : public testing::Test {
 protected:
  int port() const { return listener_->address().port; }
  HttpPeer::Answer Ask(const std::string& path, const std::string& method = "GET") {
    return HttpPeer(port()).Ask(path, method);
  }
  void Restart(const HttpLimits& limits) {
    listener_ = *HttpListener::Start({.host = "127.0.0.1", .port = 0},
                                     {.metrics = [] { return std::string("a 1\n"); },
                                      .live = [] { return absl::OkStatus(); },
                                      .ready = [this] { return ready_; }},
                                     limits);
  }
  HttpListenerTest() { Restart(kPatient); }

  absl::Status ready_;
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(HttpListenerTest, MetricsComeAsPrometheusText) {
  const HttpPeer::Answer answer = Ask("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "a 1\n");
  EXPECT_THAT(answer.header, HasSubstr("version=0.0.4"));
}

TEST_F(HttpListenerTest, ACheckThatFailsAnswers503AndWhy) {
  EXPECT_EQ(Ask("/livez").status, 200);
  EXPECT_EQ(Ask("/readyz").status, 200);
  ready_ = absl::UnavailableError("the disk is full");
  const HttpPeer::Answer answer = Ask("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("the disk is full"));
}

TEST_F(HttpListenerTest, NothingElseIsServed) { EXPECT_EQ(Ask("/").status, 404); }

TEST_F(HttpListenerTest, NothingIsTakenIn) {
  const HttpPeer::Answer answer = Ask("/metrics", "POST");
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(answer.header, HasSubstr("Allow: GET, HEAD"));
}

TEST_F(HttpListenerTest, AHeadIsAnsweredWithoutABody) {
  HttpPeer peer(port());
  const HttpPeer::Answer head = peer.Ask("/metrics", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.header, HasSubstr("Content-Length: 4"));
  EXPECT_EQ(peer.Ask("/metrics").body, "a 1\n");
}

TEST_F(HttpListenerTest, AConnectionServesManyRequestsAndTheLastSaysSo) {
  Restart({.idle = seconds(3600), .age = seconds(2 * tests::Slowness())});
  HttpPeer peer(port());
  HttpPeer::Answer answer = peer.Ask("/livez");
  EXPECT_THAT(answer.header, Not(HasSubstr("Connection: close")));
  EXPECT_TRUE(Eventually([&] {
    answer = peer.Ask("/livez");
    EXPECT_EQ(answer.status, 200);
    return answer.status != 200 || answer.header.find("Connection: close") != std::string::npos;
  }));
  EXPECT_TRUE(Eventually([&] { return peer.IsEnded(); }));
}

TEST_F(HttpListenerTest, APeerThatDripsIsEnded) {
  Restart({.idle = seconds(3600), .age = seconds(1)});
  HttpPeer peer(port());
  EXPECT_TRUE(peer.Send("GET /livez HTTP/1.1\r\nX: "));
  EXPECT_TRUE(Eventually([&] { return !peer.Send("x") || peer.IsEnded(); }));
}

TEST_F(HttpListenerTest, APeerThatIsSilentIsEnded) {
  Restart({.idle = seconds(1), .age = seconds(3600)});
  HttpPeer peer(port());
  EXPECT_TRUE(Eventually([&] { return peer.IsEnded(); }));
}

TEST_F(HttpListenerTest, ALineOrHeaderWithoutEndIsRefused) {
  for (const char* endless : {"x", "X: x\r\n"}) {
    HttpPeer peer(port());
    peer.Send("GET /livez HTTP/1.1\r\n");
    size_t pieces = 0;
    while (pieces < 1'000'000 && peer.Send(endless) && !peer.IsEnded()) ++pieces;
    EXPECT_LT(pieces, 1'000'000) << endless;
  }
}

TEST_F(HttpListenerTest, WhoeverComesIsServedHoweverManyAreSilent) {
  std::deque<HttpPeer> silent;
  for (int i = 0; i < 300; ++i) silent.emplace_back(port());
  EXPECT_EQ(Ask("/livez").status, 200);
  EXPECT_TRUE(Eventually([&] {
    size_t open = 0;
    for (HttpPeer& peer : silent) open += !peer.IsEnded();
    return open <= kPatient.connections;
  }));
}

TEST_F(HttpListenerTest, ThePeerWithTheMostConnectionsPaysForOneTooMany) {
  HttpPeer modest(port(), "127.0.0.2");
  EXPECT_EQ(modest.Ask("/livez").status, 200);
  std::deque<HttpPeer> silent;
  for (int i = 0; i < 300; ++i) silent.emplace_back(port());
  EXPECT_TRUE(Eventually([&] { return silent[200].IsEnded(); }));
  EXPECT_EQ(modest.Ask("/livez").status, 200);
}

TEST_F(HttpListenerTest, ItsEndWaitsForNobody) {
  std::deque<HttpPeer> peers;
  for (int i = 0; i < 4; ++i) {
    peers.emplace_back(port());
    EXPECT_EQ(peers.back().Ask("/livez").status, 200);
    EXPECT_TRUE(peers.back().Send("GET /livez HTTP/1.1\r\nX: "));
  }
  std::vector<std::future<bool>> dripped_to_the_end;
  for (HttpPeer& peer : peers) {
    dripped_to_the_end.push_back(
        std::async(std::launch::async, [&peer] { return Eventually([&] { return !peer.Send("x"); }); }));
  }
  listener_.reset();
  for (std::future<bool>& ended : dripped_to_the_end) EXPECT_TRUE(ended.get());
}

TEST_F(HttpListenerTest, APortThatIsTakenIsRefused) {
  const auto second = HttpListener::Start(listener_->address(), {});
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another program uses the port"));
}

TEST_F(HttpListenerTest, AnAddressOfAnotherMachineIsRefusedAsSuch) {
  const auto elsewhere = HttpListener::Start({.host = "192.0.2.1", .port = 0}, {});
  EXPECT_TRUE(absl::IsUnavailable(elsewhere.status())) << elsewhere.status();
  EXPECT_THAT(std::string(elsewhere.status().message()), HasSubstr("this machine does not have the address"));
}

TEST_F(HttpListenerTest, ItEndsAtOnceAfterItsStart) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(HttpListener::Start({.host = "127.0.0.1", .port = 0}, {}).ok());
  }
}

}  // namespace
}  // namespace basin::server::observe
