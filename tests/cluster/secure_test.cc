// Real programs over mutual TLS with tokens, the certificates made by deploy/make-certs.

#include <signal.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/programs.h"
#include "tests/support/eventually.h"
#include "tests/support/expire_certificate.h"

namespace basin::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string ReadAll(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Ended {
  int code = -1;
  std::string output;  // stdout and stderr.
};

class SecureTest : public testing::Test {
 protected:
  SecureTest() {
    fs::create_directories(data_);
    MakeCerts("certs", {"server", "localhost", "127.0.0.1"});
    for (const char* name : {"alice", "w1"}) MakeCerts("certs", {"client", name});
    for (const char* role : {"read", "submit", "admin", "worker"}) MakeToken(role, role);
    std::ofstream(dir_.path() / "sweep.yaml") << R"(name: small
objective: {minimize: val_loss}
seeds: 2
train:
  dataset: {name: digits}
  model: {mlp: {hidden: [8]}}
  epochs: 2
  batch_size: {$values: [64, 128]}
  learning_rate: 0.1
)";
  }

  Ended Run(const std::vector<std::string>& arguments) {
    const fs::path log = dir_.path() / absl::StrCat("run-", ++runs_, ".log");
    const int code = RunProgram(arguments, log);
    return {code, ReadAll(log)};
  }
  void MakeCerts(const std::string& folder, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {MAKE_CERTS, (dir_.path() / folder).string()});
    const Ended made = Run(arguments);
    ASSERT_EQ(made.code, 0) << made.output;
  }
  // NAME.crt of the folder `certs` made again as it is, good for no time.
  void Expire(const std::string& name) {
    const int code = ExpireCertificate(dir_.path() / "certs", name, dir_.path() / "expire.log");
    ASSERT_EQ(code, 0) << ReadAll(dir_.path() / "expire.log");
  }
  // `basin-server token create`, its stdout alone in NAME.token.
  void MakeToken(const std::string& name, const std::string& role) {
    const fs::path token = Token(name);
    ASSERT_EQ(RunProgram({"sh", "-c",
                          "umask 077; exec \"$0\" token create --name \"$1\" --role \"$2\" --data-dir \"$3\" > "
                          "\"$4\"",
                          BASIN_SERVER, name, role, data_.string(), token.string()},
                         dir_.path() / "tokens.log"),
              0);
    tokens_.push_back(ReadAll(token).substr(0, ReadAll(token).find('\n')));
    ASSERT_EQ(tokens_.back().size(), 70);
  }
  fs::path Token(const std::string& name) const { return dir_.path() / (name + ".token"); }
  std::string Cert(const std::string& file, const std::string& folder = "certs") const {
    return (dir_.path() / folder / file).string();
  }
  std::vector<std::string> MutualTls(const std::string& name, const std::string& folder = "certs") const {
    return {"--cacert", Cert("ca.crt", folder),     "--cert", Cert(name + ".crt", folder),
            "--key",    Cert(name + ".key", folder)};
  }

  // The client with `options`, against the server.
  Ended Client(std::vector<std::string> command, const std::vector<std::string>& options) {
    command.insert(command.begin(), BASIN_CLIENT);
    command.insert(command.end(), {"--server", server_.address()});
    command.insert(command.end(), options.begin(), options.end());
    return Run(command);
  }
  Ended As(const std::string& token, const std::vector<std::string>& command) {
    std::vector<std::string> options = MutualTls("alice");
    options.insert(options.end(), {"--token-file", Token(token).string()});
    return Client(command, options);
  }
  std::unique_ptr<ChildProcess> Worker(const std::string& token) {
    std::vector<std::string> arguments = {
        BASIN_WORKER, "--server",     server_.address(),     "--slots",     "1",    "--name",
        "w1",         "--token-file", Token(token).string(), "--log-level", "debug"};
    const std::vector<std::string> tls = MutualTls("w1");
    arguments.insert(arguments.end(), tls.begin(), tls.end());
    return std::make_unique<ChildProcess>(arguments, dir_.path() / ("worker-" + token + ".log"));
  }
  bool Logged(const std::string& text) {
    return Eventually([&] { return server_.process().LogText().find(text) != std::string::npos; });
  }
  std::string Sweep() const { return (dir_.path() / "sweep.yaml").string(); }

  TempDir dir_;
  const fs::path data_ = dir_.path() / "server";
  int runs_ = 0;
  std::vector<std::string> tokens_;
  ServerProgram server_{data_,
                        {"--cert-file", Cert("server.crt"), "--key-file", Cert("server.key"), "--trusted-ca-file",
                         Cert("ca.crt"), "--client-cert-auth", "--log-level", "debug"}};
};

TEST_F(SecureTest, ASweepRunsOverMutualTlsWithTokensAndNoLogHoldsOne) {
  server_.Start();
  const auto worker = Worker("worker");
  const Ended submitted = As("submit", {"submit", Sweep(), "--watch"});
  EXPECT_EQ(submitted.code, 0) << submitted.output << worker->LogText();
  EXPECT_THAT(submitted.output, HasSubstr("4 succeeded"));
  EXPECT_THAT(As("read", {"list"}).output, HasSubstr("small"));
  const Ended doctor = As("read", {"doctor"});
  EXPECT_THAT(doctor.output, HasSubstr("mutual TLS, the token in "));
  // A token that the server does not know must not reach a log either.
  const std::string planted = "basin_planted" + std::string(57, '7');
  std::ofstream(Token("planted")) << planted << "\n";
  fs::permissions(Token("planted"), fs::perms::owner_read);
  tokens_.push_back(planted);
  EXPECT_EQ(As("planted", {"list"}).code, 4);
  worker->Signal(SIGTERM);
  EXPECT_EQ(worker->AwaitExit(), 0);
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
    if (!entry.is_regular_file() || entry.path().extension() == ".token") continue;
    const std::string text = ReadAll(entry.path());
    for (const std::string& token : tokens_) EXPECT_THAT(text, Not(HasSubstr(token.substr(6)))) << entry.path();
  }
}

TEST_F(SecureTest, TheServerOfAnotherAuthorityIsNotTrusted) {
  server_.Start();
  MakeCerts("others", {"client", "alice"});
  const Ended ended = Client({"list"}, MutualTls("alice", "others"));
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.output, HasSubstr("has not signed"));
  EXPECT_THAT(ended.output, HasSubstr("--cacert"));
}

TEST_F(SecureTest, ACertificateOfAnotherAuthorityIsRefused) {
  server_.Start();
  MakeCerts("others", {"client", "alice"});
  std::vector<std::string> options = MutualTls("alice", "others");
  options[1] = Cert("ca.crt");
  const Ended ended = Client({"list"}, options);
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.output, HasSubstr("refuses the certificate"));
}

TEST_F(SecureTest, ACallerWithoutCertificateIsToldToNameOne) {
  server_.Start();
  const Ended ended = Client({"list"}, {"--cacert", Cert("ca.crt")});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.output, HasSubstr("asks for a certificate; name one with --cert and --key"));
}

TEST_F(SecureTest, APlaintextCallerIsToldToNameTheAuthority) {
  server_.Start();
  const Ended ended = Client({"list"}, {"--token-file", Token("read").string()});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.output, HasSubstr("speaks TLS; name the authority of its certificate with --cacert"));
}

TEST_F(SecureTest, AnExpiredCertificateIsNamedBeforeTheCall) {
  server_.Start();
  Expire("alice");
  const Ended ended = As("read", {"list"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.output, HasSubstr("alice.crt expired on "));
  EXPECT_THAT(As("read", {"doctor"}).output, HasSubstr("expired on "));
}

TEST_F(SecureTest, TheServerTakesUpNewCertificatesWithoutARestart) {
  server_.Start();
  ASSERT_EQ(As("read", {"list"}).code, 0);
  MakeCerts("certs", {"server", "elsewhere"});
  Ended ended;
  EXPECT_TRUE(Eventually([&] { return (ended = As("read", {"list"})).code == 4; })) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("shows a certificate that is not for '127.0.0.1'"));
  EXPECT_TRUE(Logged("new TLS files are in use"));
  MakeCerts("certs", {"server", "127.0.0.1"});
  EXPECT_TRUE(Eventually([&] { return (ended = As("read", {"list"})).code == 0; })) << ended.output;
  EXPECT_TRUE(server_.process().IsRunning());
}

TEST_F(SecureTest, CertificatesThatAreNotGoodLeaveThoseOfBeforeInUse) {
  server_.Start();
  MakeCerts("others", {"server", "127.0.0.1"});
  const auto others = [&](const std::string& file) { return ReadAll(Cert(file, "others")); };
  std::ofstream(Cert("server.crt")) << "no certificate\n";
  EXPECT_TRUE(Logged("server.crt is not in PEM"));
  EXPECT_EQ(As("read", {"list"}).code, 0);
  std::ofstream(Cert("server.crt")) << others("server.crt");
  EXPECT_TRUE(Logged("server.key does not belong to the certificate "));
  Ended ended = As("read", {"list"});
  EXPECT_EQ(ended.code, 0) << ended.output;
  std::ofstream(Cert("server.key")) << others("server.key");
  EXPECT_TRUE(Eventually([&] { return (ended = As("read", {"list"})).code == 4; })) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("has not signed"));
  const std::string log = server_.process().LogText();
  for (const char* once : {"server.crt is not in PEM", "server.key does not belong", "new TLS files are in use"}) {
    EXPECT_EQ(log.find(once), log.rfind(once)) << once << " stands there twice:\n" << log;
  }
}

TEST_F(SecureTest, TheServerTakesUpAFurtherAuthorityOfClients) {
  server_.Start();
  MakeCerts("others", {"client", "alice"});
  std::vector<std::string> options = MutualTls("alice", "others");
  options[1] = Cert("ca.crt");
  options.insert(options.end(), {"--token-file", Token("read").string()});
  ASSERT_EQ(Client({"list"}, options).code, 4);
  std::ofstream(Cert("ca.crt"), std::ios::app) << ReadAll(Cert("ca.crt", "others"));
  Ended ended;
  EXPECT_TRUE(Eventually([&] { return (ended = Client({"list"}, options)).code == 0; })) << ended.output;
}

TEST_F(SecureTest, ARoleThatDoesNotSufficeAndATokenThatIsMissingAreSaid) {
  server_.Start();
  const Ended reader = As("read", {"submit", Sweep()});
  EXPECT_EQ(reader.code, 4);
  EXPECT_THAT(reader.output, HasSubstr("'read' has the role read, and CreateSweep needs the role submit"));
  const Ended nobody = Client({"list"}, MutualTls("alice"));
  EXPECT_EQ(nobody.code, 4);
  EXPECT_THAT(nobody.output, HasSubstr("asks for a token; name its file with --token-file"));
}

TEST_F(SecureTest, AWorkerWithAUsersTokenLeavesAndSaysWhy) {
  server_.Start();
  const auto worker = Worker("admin");
  EXPECT_EQ(worker->AwaitExit(), 4);
  EXPECT_THAT(worker->LogText(), HasSubstr("needs the role worker"));
}

TEST_F(SecureTest, ARevokedTokenIsWorthlessAfterSighup) {
  server_.Start();
  ASSERT_EQ(As("read", {"list"}).code, 0);
  const Ended revoked = Run({BASIN_SERVER, "token", "revoke", "--name", "read", "--data-dir", data_.string()});
  ASSERT_EQ(revoked.code, 0) << revoked.output;
  server_.process().Signal(SIGHUP);
  EXPECT_TRUE(Eventually([&] { return As("read", {"list"}).code == 4; }));
  EXPECT_EQ(As("submit", {"list"}).code, 0);
}

TEST_F(SecureTest, AnAddressBeyondThisMachineNeedsTlsAndTokens) {
  const std::string empty = (dir_.path() / "empty").string();
  const Ended open = Run({BASIN_SERVER, "--listen", "0.0.0.0:0", "--data-dir", empty});
  EXPECT_EQ(open.code, 2);
  EXPECT_THAT(open.output, HasSubstr("nothing would be encrypted or authenticated"));
  const Ended plain = Run({BASIN_SERVER, "--listen", "0.0.0.0:0", "--data-dir", data_.string()});
  EXPECT_EQ(plain.code, 2);
  EXPECT_THAT(plain.output, HasSubstr("nothing would be encrypted"));
  const Ended nameless = Run({BASIN_SERVER, "--listen", "0.0.0.0:0", "--data-dir", empty, "--cert-file",
                              Cert("server.crt"), "--key-file", Cert("server.key")});
  EXPECT_EQ(nameless.code, 2);
  EXPECT_THAT(nameless.output, HasSubstr("nobody would have to say who he is"));
}

}  // namespace
}  // namespace basin::tests
