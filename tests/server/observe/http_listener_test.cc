#include "server/observe/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "httplib.h"

namespace basin::server::observe {
namespace {

using testing::HasSubstr;

class HttpListenerTest : public testing::Test {
 protected:
  httplib::Result Get(const std::string& path) {
    httplib::Client client(listener_->address().host, listener_->address().port);
    return client.Get(path);
  }

  absl::Status ready_;
  std::unique_ptr<HttpListener> listener_ =
      *HttpListener::Start({.host = "127.0.0.1", .port = 0}, {.metrics = [] { return std::string("a 1\n"); },
                                                              .live = [] { return absl::OkStatus(); },
                                                              .ready = [this] { return ready_; }});
};

TEST_F(HttpListenerTest, MetricsComeAsPrometheusText) {
  const httplib::Result result = Get("/metrics");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "a 1\n");
  EXPECT_THAT(result->get_header_value("Content-Type"), HasSubstr("version=0.0.4"));
}

TEST_F(HttpListenerTest, ACheckThatFailsAnswers503AndWhy) {
  EXPECT_EQ(Get("/livez")->status, 200);
  EXPECT_EQ(Get("/readyz")->status, 200);
  ready_ = absl::UnavailableError("the disk is full");
  EXPECT_EQ(Get("/readyz")->status, 503);
  EXPECT_THAT(Get("/readyz")->body, HasSubstr("the disk is full"));
}

TEST_F(HttpListenerTest, NothingElseIsServed) { EXPECT_EQ(Get("/")->status, 404); }

TEST_F(HttpListenerTest, APortThatIsTakenIsRefused) {
  const auto second = HttpListener::Start(listener_->address(), {});
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
  EXPECT_THAT(second.status().message(), HasSubstr("another program uses the port"));
}

// 192.0.2.1 is kept for examples (RFC 5737).
TEST_F(HttpListenerTest, AnAddressOfAnotherMachineIsRefusedForThatReason) {
  for (const int port : {0, listener_->address().port}) {
    const auto other = HttpListener::Start({.host = "192.0.2.1", .port = port}, {});
    EXPECT_THAT(other.status().message(), HasSubstr("this machine does not have the address")) << port;
  }
}

TEST_F(HttpListenerTest, ItEndsAtOnceAfterItsStart) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(HttpListener::Start({.host = "127.0.0.1", .port = 0}, {}).ok());
  }
}

}  // namespace
}  // namespace basin::server::observe
