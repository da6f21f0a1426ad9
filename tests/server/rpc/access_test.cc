// Every method of every service, with every role, over every kind of connection that checks tokens.

#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "basin/v1/sweep_service.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "proto/contract/version.h"
#include "server/access/method_table.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using access::Role;
using testing::HasSubstr;

// How the server takes connections: plaintext from this machine (a processor before the handlers, and the handlers), or
// plaintext from anywhere (the handlers alone).
enum class Kind { kLoopback, kAnywhere };

class AccessTest : public RpcTest, public testing::WithParamInterface<Kind> {
 protected:
  AccessTest() {
    for (const Role role : {Role::kRead, Role::kSubmit, Role::kAdmin, Role::kWorker}) {
      tokens_[role] = *access::TokenFile::Create(token_file_, std::string(access::NameOf(role)), role, "now");
    }
    gatekeeper_ = *access::Gatekeeper::Open({token_file_, ""});
    server_.reset();
    ServerOptions options;
    options.gatekeeper = gatekeeper_.get();
    options.enable_reflection = true;
    if (GetParam() == Kind::kAnywhere) options.listen.host = "0.0.0.0";
    server_ = *Server::Start(options, store_.get(), queries_.get(), artifacts_.get(), &clock_);
    channel_ =
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->address().port), grpc::InsecureChannelCredentials());
  }

  // Calls `method` with an empty request.
  grpc::Status CallMethod(const std::string& method, const std::string& token) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    grpc::CompletionQueue queue;
    grpc::Slice slice("");
    const auto call = stub.PrepareUnaryCall(&context, "/" + method, grpc::ByteBuffer(&slice, 1), &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }

  static std::vector<std::string> AllMethods() {
    std::vector<std::string> methods;
    for (const auto* file : {v1::GetServerInfoRequest::descriptor()->file(), v1::ReportRequest::descriptor()->file()}) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) {
          methods.push_back(file->service(s)->full_name() + "/" + file->service(s)->method(m)->name());
        }
      }
    }
    return methods;
  }

  const std::string token_file_ = (dir_.path() / "tokens").string();
  std::map<Role, std::string> tokens_;
  std::unique_ptr<access::Gatekeeper> gatekeeper_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_P(AccessTest, EachMethodIsOpenToTheRolesOfTheTableAlone) {
  for (const std::string& method : AllMethods()) {
    const std::optional<Role> needed = access::RoleNeededFor(method);
    ASSERT_TRUE(needed.has_value()) << method << " has no entry in server/access/method_table.cc";
    for (const auto& [role, token] : tokens_) {
      const grpc::Status status = CallMethod(method, token);
      EXPECT_EQ(status.error_code() != grpc::StatusCode::PERMISSION_DENIED, access::Covers(role, *needed))
          << method << " with the role " << access::NameOf(role) << ": " << status.error_message();
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    }
  }
}

TEST_P(AccessTest, NoMethodIsOpenWithoutAValidToken) {
  for (const std::string& method : AllMethods()) {
    for (const std::string token : {"", "basin_0", "Bearer x"}) {
      EXPECT_EQ(CallMethod(method, token).error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
    }
  }
}

TEST_P(AccessTest, HealthNeedsNoToken) { EXPECT_TRUE(CallMethod("grpc.health.v1.Health/Check", "").ok()); }

TEST_P(AccessTest, ARefusalSaysWhatToDo) {
  EXPECT_THAT(CallMethod("basin.v1.SweepService/ListSweeps", "").error_message(), HasSubstr("--token-file"));
  EXPECT_THAT(CallMethod("basin.v1.SweepService/CreateSweep", tokens_[Role::kRead]).error_message(),
              HasSubstr("needs the role submit; ask the operator"));
}

TEST_P(AccessTest, ARevokedTokenPassesNoMoreAfterAReload) {
  EXPECT_TRUE(CallMethod("basin.v1.SweepService/ListSweeps", tokens_[Role::kRead]).ok());
  ASSERT_TRUE(access::TokenFile::Revoke(token_file_, "read").ok());
  ASSERT_TRUE(gatekeeper_->Reload().ok());
  EXPECT_EQ(CallMethod("basin.v1.SweepService/ListSweeps", tokens_[Role::kRead]).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

INSTANTIATE_TEST_SUITE_P(Kinds, AccessTest, testing::Values(Kind::kLoopback, Kind::kAnywhere),
                         [](const auto& kind) { return kind.param == Kind::kLoopback ? "Loopback" : "Anywhere"; });

TEST_P(AccessTest, ASubmitterChangesHisOwnSweepsAndAnAdminEveryonesAndTheAuditNamesBoth) {
  const std::string other = *access::TokenFile::Create(token_file_, "other", Role::kSubmit, "now");
  ASSERT_TRUE(gatekeeper_->Reload().ok());
  const auto sweeps = v1::SweepService::NewStub(channel_);
  v1::CreateSweepResponse created;
  {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + tokens_[Role::kSubmit]);
    const grpc::Status status = sweeps->CreateSweep(&context, DigitsRequest(), &created);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_EQ(created.sweep().owner(), "submit");
  const auto cancel = [&](const std::string& token) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::CancelSweepRequest request;
    request.set_sweep(created.sweep().id());
    v1::CancelSweepResponse response;
    return sweeps->CancelSweep(&context, request, &response);
  };
  const grpc::Status refused = cancel(other);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), HasSubstr("belongs to 'submit'"));
  EXPECT_TRUE(cancel(tokens_[Role::kAdmin]).ok());
  std::vector<std::string> audit;
  const std::string sql = "SELECT actor || ': ' || action FROM audit WHERE subject = '" + created.sweep().id() + "'";
  const auto ran = queries_->RunSql(
      sql, {}, nullptr, [](const auto&) {},
      [&](const v1::SqlRow& row) {
        audit.push_back(row.cells(0).text());
        return true;
      });
  EXPECT_TRUE(ran.ok()) << ran.status();
  EXPECT_THAT(audit, testing::ElementsAre("submit: create sweep", "admin: cancel sweep"));
}

TEST_P(AccessTest, AWorkersTokenActsForNoOtherWorker) {
  const std::string other = *access::TokenFile::Create(token_file_, "other", Role::kWorker, "now");
  ASSERT_TRUE(gatekeeper_->Reload().ok());
  const auto workers = v1::WorkerService::NewStub(channel_);
  v1::RegisterWorkerRequest registration;
  registration.set_name("w");
  registration.set_protocol_version(contract::kProtocolVersion);
  registration.set_engine_fingerprint("engine");
  registration.set_slots(1);
  registration.set_threads_per_trial(1);
  v1::RegisterWorkerResponse registered;
  {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + tokens_[Role::kWorker]);
    const grpc::Status status = workers->RegisterWorker(&context, registration, &registered);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  const auto code = [&](const std::string& token) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::LeaseTrialsRequest request;
    request.set_worker_id(registered.worker_id());
    request.set_max_trials(1);
    v1::LeaseTrialsResponse response;
    return workers->LeaseTrials(&context, request, &response).error_code();
  };
  EXPECT_EQ(code(other), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(code(tokens_[Role::kWorker]), grpc::StatusCode::OK);
}

class LoopbackAccessTest : public AccessTest {};

TEST_P(LoopbackAccessTest, ReflectionNeedsATokenToo) {
  constexpr char kReflection[] = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  EXPECT_EQ(CallMethod(kReflection, "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(CallMethod(kReflection, tokens_[Role::kWorker]).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LoopbackAccessTest, testing::Values(Kind::kLoopback));

}  // namespace
}  // namespace basin::server::rpc
