#include "server/access/gatekeeper.h"

#include <fstream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace basin::server::access {
namespace {

using testing::HasSubstr;

constexpr char kCreate[] = "basin.v1.SweepService/CreateSweep", kGet[] = "basin.v1.SweepService/GetSweep";

class GatekeeperTest : public testing::Test {
 protected:
  std::string Create(const std::string& name, Role role) { return *TokenFile::Create(tokens_, name, role, "now"); }
  std::unique_ptr<Gatekeeper> Open(const std::string& roles = "") {
    std::ofstream(roles_) << roles;
    return *Gatekeeper::Open({tokens_, roles_});
  }

  tests::TempDir dir_;
  const std::string tokens_ = (dir_.path() / "tokens").string(), roles_ = (dir_.path() / "roles").string();
};

TEST_F(GatekeeperTest, ATokenPassesWhereItsRoleSuffices) {
  const std::string token = Create("alice", Role::kRead);
  const auto gatekeeper = Open();
  const auto caller = gatekeeper->Admit(kGet, {.token = token, .certificate_names = {}});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->name, "alice");
  const absl::Status refused = gatekeeper->Admit(kCreate, {.token = token, .certificate_names = {}}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("'alice' has the role read, and CreateSweep needs the role "
                                                        "submit"));
}

TEST_F(GatekeeperTest, AdminsTooAreDeniedWhatHasNoRole) {
  const std::string token = Create("root", Role::kAdmin);
  EXPECT_EQ(Open()->Admit("basin.v1.SweepService/Novel", {.token = token, .certificate_names = {}}).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(GatekeeperTest, WithoutATokenTheAnswerSaysHowToShowOne) {
  Create("alice", Role::kRead);
  const absl::Status refused = Open()->Admit(kGet, {}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--token-file"));
}

TEST_F(GatekeeperTest, AnAnswerDoesNotRepeatTheToken) {
  Create("alice", Role::kRead);
  const absl::Status refused = Open()->Admit(kGet, {.token = "basin_secret", .certificate_names = {}}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(refused.message()), testing::Not(HasSubstr("secret")));
}

TEST_F(GatekeeperTest, ACertificateWithARolePassesWithoutAToken) {
  const auto gatekeeper = Open("alice submit\n");
  const std::vector<std::string> alice = {"alice"}, bob = {"bob"};
  EXPECT_TRUE(gatekeeper->Admit(kCreate, {.token = "", .certificate_names = alice}).ok());
  EXPECT_EQ(gatekeeper->Admit(kCreate, {.token = "", .certificate_names = bob}).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(GatekeeperTest, AWrongTokenIsNotSavedByTheCertificate) {
  const std::vector<std::string> alice = {"alice"};
  EXPECT_EQ(Open("alice admin\n")->Admit(kGet, {.token = "wrong", .certificate_names = alice}).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(GatekeeperTest, ReloadTakesUpNewTokensAndForgetsRevokedOnes) {
  const std::string alice = Create("alice", Role::kRead);
  const auto gatekeeper = Open();
  const std::string bob = Create("bob", Role::kRead);
  ASSERT_TRUE(TokenFile::Revoke(tokens_, "alice").ok());
  EXPECT_FALSE(gatekeeper->Admit(kGet, {.token = bob, .certificate_names = {}}).ok());
  ASSERT_TRUE(gatekeeper->Reload().ok());
  EXPECT_TRUE(gatekeeper->Admit(kGet, {.token = bob, .certificate_names = {}}).ok());
  EXPECT_FALSE(gatekeeper->Admit(kGet, {.token = alice, .certificate_names = {}}).ok());
}

TEST_F(GatekeeperTest, AReloadThatFailsLeavesWhatWasInForce) {
  const std::string alice = Create("alice", Role::kRead);
  const auto gatekeeper = Open();
  std::ofstream(tokens_, std::ios::app) << "damaged\n";
  EXPECT_FALSE(gatekeeper->Reload().ok());
  EXPECT_TRUE(gatekeeper->Admit(kGet, {.token = alice, .certificate_names = {}}).ok());
}

}  // namespace
}  // namespace basin::server::access
