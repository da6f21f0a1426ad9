#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/cluster/programs.h"
#include "tests/cluster/sweeps.h"

namespace basin::tests {
namespace {

// A network namespace with an address of its own, joined to this one by a pair of virtual interfaces. All goes when the
// object goes: with the namespace its end of the pair, and with that the other end.
class NetworkNamespace {
 public:
  explicit NetworkNamespace(const std::filesystem::path& log)
      : log_(log), name_(absl::StrCat("basin-test-", getpid())), link_(absl::StrCat("bt", getpid() % 1000000)) {}
  ~NetworkNamespace() {
    if (made_) Ip({"netns", "del", name_});
    if (made_) Ip({"link", "del", link_});  // If it was never moved.
  }

  // False where this machine does not allow it.
  bool Make() {
    if (!Ip({"netns", "add", name_})) return false;
    made_ = true;
    const std::string peer = link_ + "p";
    return Ip({"link", "add", link_, "type", "veth", "peer", "name", peer}) &&
           Ip({"link", "set", peer, "netns", name_}) && Ip({"addr", "add", here() + "/30", "dev", link_}) &&
           Ip({"link", "set", link_, "up"}) && Ip({"-n", name_, "addr", "add", there() + "/30", "dev", peer}) &&
           Ip({"-n", name_, "link", "set", peer, "up"}) && Ip({"netns", "exec", name_, "true"});
  }

  // Of the block kept for tests of networks (RFC 2544), a pair a process.
  std::string here() const { return Address(1); }
  std::string there() const { return Address(2); }
  std::vector<std::string> prefix() const { return {"ip", "netns", "exec", name_}; }

 private:
  static std::string Address(int host) {
    const int pair = getpid() % 16384;
    return absl::StrCat("198.18.", pair / 64, ".", pair % 64 * 4 + host);
  }
  bool Ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    return RunProgram(arguments, log_) == 0;
  }

  const std::filesystem::path log_;
  const std::string name_, link_;
  bool made_ = false;
};

TEST(NamespacesTest, AWorkerWithItsOwnAddressCompletesASweep) {
  const TempDir dir;
  NetworkNamespace elsewhere(dir.path() / "ip.log");
  if (!elsewhere.Make()) GTEST_SKIP() << "network namespaces can't be made here (needs root and the program ip)";
  ServerProgram server(dir.path() / "server", {"--insecure-allow-remote"}, elsewhere.here() + ":0");
  server.Start();
  SweepClient client(server.address());
  const auto worker = StartWorker(server.address(), "elsewhere", dir.path(), 2, elsewhere.prefix());
  const std::string sweep = client.Create(DigitsSweep(1, 2));
  ASSERT_TRUE(client.AwaitFinished(sweep)) << worker->LogText();
  DigestsOf(client.Trials(sweep), 4);
}

TEST(NamespacesTest, TheServerListensBeyondLoopbackOnlyWhenToldSo) {
  const TempDir dir;
  ChildProcess server({BASIN_SERVER, "--data-dir", (dir.path() / "data").string(), "--listen", "0.0.0.0:0"},
                      dir.path() / "log");
  EXPECT_NE(server.AwaitExit().value_or(0), 0);
  EXPECT_NE(server.LogText().find("--insecure-allow-remote"), std::string::npos) << server.LogText();
}

}  // namespace
}  // namespace basin::tests
