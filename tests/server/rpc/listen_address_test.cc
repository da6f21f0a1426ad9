#include "server/rpc/listen_address.h"

#include "gtest/gtest.h"

namespace basin::server::rpc {
namespace {

TEST(ListenAddressTest, HostAndPortAreRead) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:7077")->port, 7077);
  EXPECT_EQ(ParseListenAddress("[::1]:0")->host, "::1");
  EXPECT_EQ(ParseListenAddress("[::1]:80")->ToString(), "[::1]:80");
  EXPECT_EQ(ParseListenAddress("localhost:80")->ToString(), "localhost:80");
}

TEST(ListenAddressTest, WhatIsNoAddressIsRefused) {
  for (const char* text :
       {"", "localhost", ":80", "localhost:", "localhost:x", "localhost:-1", "localhost:65536", "::1:80", "[]:80"}) {
    EXPECT_FALSE(ParseListenAddress(text).ok()) << text;
  }
}

TEST(ListenAddressTest, OnlyLoopbackIsLoopback) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "localhost", "::1"}) {
    EXPECT_TRUE((ListenAddress{host, 0}.IsLoopback())) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "example.org", "127.0.0.1.example.org", "localhost.org"}) {
    EXPECT_FALSE((ListenAddress{host, 0}.IsLoopback())) << host;
  }
}

}  // namespace
}  // namespace basin::server::rpc
