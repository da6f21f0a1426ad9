#include "server/rpc/server_credentials_files.h"

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/runtime/log.h"
#include "tests/support/child_process.h"
#include "tests/support/expire_certificate.h"
#include "tests/support/temp_dir.h"

namespace basin::server::rpc {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string ReadAll(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class ServerCredentialsFilesTest : public testing::Test {
 protected:
  ServerCredentialsFilesTest() {
    runtime::StartLogging(runtime::LogFormat::kText, runtime::LogLevel::kOff);
    for (const char* folder : {"a", "b"}) {
      EXPECT_EQ(tests::RunProgram({MAKE_CERTS, (dir_.path() / folder).string(), "server", "localhost"},
                                  dir_.path() / "make-certs.log"),
                0);
    }
    files_ = *ServerCredentialsFiles::Open(paths_);
    before_ = InUse();
  }

  std::string Path(const std::string& file, const std::string& folder = "a") const {
    return (dir_.path() / folder / file).string();
  }
  // Into the folder that is watched.
  void Write(const std::string& file, const std::string& text) { std::ofstream(Path(file)) << text; }
  std::string Good(const std::string& file) const { return ReadAll(Path(file, "b")); }
  std::string InUse() const { return ReadAll(files_->in_use().certificate) + ReadAll(files_->in_use().ca); }
  void LookOften() {
    for (int i = 0; i < 3; ++i) files_->Look();
  }

  tests::TempDir dir_;
  const contract::TlsFiles paths_{.ca = Path("ca.crt"), .certificate = Path("server.crt"), .key = Path("server.key")};
  std::unique_ptr<ServerCredentialsFiles> files_;
  std::string before_;
};

TEST_F(ServerCredentialsFilesTest, TheCopiesHoldWhatTheFilesHold) {
  EXPECT_THAT(ReadAll(files_->in_use().certificate),
              AllOf(HasSubstr(ReadAll(Path("server.crt"))), HasSubstr(ReadAll(Path("server.key")))));
  EXPECT_EQ(ReadAll(files_->in_use().ca), ReadAll(Path("ca.crt")));
}

TEST_F(ServerCredentialsFilesTest, AGoodPairIsTakenUpWhenItStaysForTwoLooks) {
  Write("server.crt", Good("server.crt"));
  Write("server.key", Good("server.key"));
  files_->Look();
  EXPECT_EQ(InUse(), before_);
  files_->Look();
  EXPECT_THAT(InUse(), AllOf(HasSubstr(Good("server.crt")), HasSubstr(Good("server.key"))));
}

TEST_F(ServerCredentialsFilesTest, ABadCertificateIsNotTakenUp) {
  for (const std::string& bad : {std::string(), std::string("no certificate"), Good("server.crt").substr(0, 300),
                                 ReadAll(Path("server.crt")) + Good("server.crt").substr(0, 300) + "\n"}) {
    Write("server.crt", bad);
    LookOften();
    EXPECT_EQ(InUse(), before_) << bad;
  }
}

TEST_F(ServerCredentialsFilesTest, AnExpiredCertificateIsNotTakenUp) {
  ASSERT_EQ(tests::ExpireCertificate(Path(""), "server", dir_.path() / "log"), 0);
  LookOften();
  EXPECT_EQ(InUse(), before_);
}

TEST_F(ServerCredentialsFilesTest, AKeyOfAnotherCertificateIsNotTakenUp) {
  Write("server.key", Good("server.key"));
  LookOften();
  EXPECT_EQ(InUse(), before_);
  Write("server.crt", Good("server.crt"));
  LookOften();
  EXPECT_THAT(InUse(), HasSubstr(Good("server.crt")));
}

TEST_F(ServerCredentialsFilesTest, FilesThatAreGoneChangeNothing) {
  std::filesystem::remove(Path("server.key"));
  LookOften();
  EXPECT_EQ(InUse(), before_);
}

TEST_F(ServerCredentialsFilesTest, AnAuthorityIsTakenUpWithAllItsCertificates) {
  const std::string both = ReadAll(Path("ca.crt")) + Good("ca.crt");
  Write("ca.crt", both);
  LookOften();
  EXPECT_EQ(ReadAll(files_->in_use().ca), both);
}

TEST_F(ServerCredentialsFilesTest, AnAuthorityOfWhichOneCertificateIsBrokenIsNotTakenUp) {
  Write("ca.crt", ReadAll(Path("ca.crt")) + Good("ca.crt") + Good("server.crt").substr(0, 300) + "\n");
  LookOften();
  EXPECT_EQ(InUse(), before_);
}

TEST_F(ServerCredentialsFilesTest, AServerDoesNotStartWithABrokenChain) {
  Write("server.crt", ReadAll(Path("server.crt")) + Good("server.crt").substr(0, 300) + "\n");
  const auto opened = ServerCredentialsFiles::Open(paths_);
  EXPECT_TRUE(absl::IsInvalidArgument(opened.status())) << opened.status();
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr(paths_.certificate));
}

TEST_F(ServerCredentialsFilesTest, TheCopiesArePassedOnToNoOtherProgram) {
  Write("server.crt", Good("server.crt"));
  Write("server.key", Good("server.key"));
  LookOften();
  EXPECT_NE(tests::RunProgram({"cat", files_->in_use().certificate}, dir_.path() / "cat.log"), 0);
}

}  // namespace
}  // namespace basin::server::rpc
