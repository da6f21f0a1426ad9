#include "server/access/token_file.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace basin::server::access {
namespace {

using testing::HasSubstr;
using testing::Not;

class TokenFileTest : public testing::Test {
 protected:
  std::string Create(const std::string& name, Role role) {
    const auto token = TokenFile::Create(path_, name, role, "2026-01-31T12:00:00Z");
    EXPECT_TRUE(token.ok()) << token.status();
    return token.value_or("");
  }
  std::string Text() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  tests::TempDir dir_;
  const std::string path_ = (dir_.path() / "tokens").string();
};

TEST_F(TokenFileTest, ATokenIsFoundByItself) {
  const std::string alice = Create("alice", Role::kSubmit), w1 = Create("w1", Role::kWorker);
  const auto file = TokenFile::Read(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_NE(file->Find(alice), nullptr);
  EXPECT_EQ(file->Find(alice)->name, "alice");
  EXPECT_EQ(file->Find(alice)->role, Role::kSubmit);
  EXPECT_EQ(file->Find(w1)->role, Role::kWorker);
  EXPECT_EQ(file->Find(alice + "0"), nullptr);
  EXPECT_EQ(file->Find(""), nullptr);
}

TEST_F(TokenFileTest, ATokenHas256Bits) { EXPECT_EQ(Create("alice", Role::kRead).size(), 6 + 64); }

TEST_F(TokenFileTest, TheFileHoldsNoTokenAndIsForItsOwnerAlone) {
  const std::string token = Create("alice", Role::kAdmin);
  EXPECT_THAT(Text(), HasSubstr("alice admin "));
  EXPECT_THAT(Text(), Not(HasSubstr(token.substr(6))));
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
}

TEST_F(TokenFileTest, ANameHasOneToken) {
  Create("alice", Role::kRead);
  const auto again = TokenFile::Create(path_, "alice", Role::kAdmin, "");
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(TokenFileTest, ANameCannotForgeALine) {
  for (const char* name : {"", "a b", "a\nroot admin", "-x", "#x"}) {
    EXPECT_EQ(TokenFile::Create(path_, name, Role::kRead, "").status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(TokenFileTest, ARevokedTokenIsGone) {
  const std::string alice = Create("alice", Role::kRead), bob = Create("bob", Role::kRead);
  EXPECT_TRUE(TokenFile::Revoke(path_, "alice").ok());
  const auto file = TokenFile::Read(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->Find(alice), nullptr);
  EXPECT_NE(file->Find(bob), nullptr);
  EXPECT_EQ(TokenFile::Revoke(path_, "alice").code(), absl::StatusCode::kNotFound);
}

TEST_F(TokenFileTest, AFileThatOthersCanReadIsRefused) {
  Create("alice", Role::kRead);
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  const absl::Status status = TokenFile::Read(path_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
}

TEST_F(TokenFileTest, ADamagedLineIsNamed) {
  Create("alice", Role::kRead);
  std::ofstream(path_, std::ios::app) << "bob king 00\n";
  EXPECT_THAT(std::string(TokenFile::Read(path_).status().message()), HasSubstr("line 3"));
}

TEST_F(TokenFileTest, AnAbsentFileHasNoTokens) {
  const auto file = TokenFile::Read(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT(file->tokens(), testing::IsEmpty());
}

}  // namespace
}  // namespace basin::server::access
