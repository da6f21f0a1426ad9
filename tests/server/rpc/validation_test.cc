#include <functional>

#include "google/protobuf/unknown_field_set.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::HasSubstr;

using SweepStub = v1::SweepService::Stub;

struct BadSpec {
  const char* name;
  const char* path;  // Of the one violation.
  std::function<void(v1::CreateSweepRequest&)> spoil;
};

class BadSpecTest : public RpcTest, public testing::WithParamInterface<BadSpec> {};

TEST_P(BadSpecTest, IsRefusedWithItsPathAndNothingIsStored) {
  v1::CreateSweepRequest request = DigitsRequest();
  GetParam().spoil(request);
  EXPECT_THAT(Call(*sweeps_, &SweepStub::CreateSweep, request).status(), IsViolationAt(GetParam().path));
  EXPECT_EQ(Call(*sweeps_, &SweepStub::ListSweeps, v1::ListSweepsRequest())->sweeps_size(), 0);
}

v1::TrainWorkload& Train(v1::CreateSweepRequest& request) {
  return *request.mutable_spec()->mutable_base()->mutable_train();
}

INSTANTIATE_TEST_SUITE_P(
    Specs, BadSpecTest,
    testing::Values(
        BadSpec{"NoSpec", "spec", [](auto& request) { request.clear_spec(); }},
        BadSpec{"NoName", "spec.name", [](auto& request) { request.mutable_spec()->clear_name(); }},
        BadSpec{"NameOfAPath", "spec.name", [](auto& request) { request.mutable_spec()->set_name("../x"); }},
        BadSpec{"ZeroSeeds", "spec.seeds.count",
                [](auto& request) { request.mutable_spec()->mutable_seeds()->set_count(0); }},
        BadSpec{"DatasetOfAPath", "spec.base.train.dataset.name",
                [](auto& request) { Train(request).mutable_dataset()->set_name("../../etc/passwd"); }},
        BadSpec{"NegativeRate", "spec.base.train.learning_rate",
                [](auto& request) { Train(request).set_learning_rate(-0.1); }},
        BadSpec{"RateThatIsNaN", "spec.base.train.learning_rate",
                [](auto& request) { Train(request).set_learning_rate(std::numeric_limits<double>::quiet_NaN()); }},
        BadSpec{"UnknownField", "spec.base.train",
                [](auto& request) {
                  v1::TrainWorkload& train = Train(request);
                  train.GetReflection()->MutableUnknownFields(&train)->AddVarint(999, 1);
                }},
        BadSpec{"UnknownFieldOfTheRequest", "",
                [](auto& request) { request.GetReflection()->MutableUnknownFields(&request)->AddVarint(999, 1); }},
        BadSpec{"LongRequestId", "request_id", [](auto& request) { request.set_request_id(std::string(129, 'r')); }},
        BadSpec{"ZeroBatchInADomain", "spec.domains[0].values.values[1]",
                [](auto& request) {
                  request.mutable_spec()->mutable_domains(0)->mutable_values()->mutable_values(1)->set_int_value(0);
                }},
        BadSpec{"MisspeltPath", "spec.domains[0].path",
                [](auto& request) {
                  Train(request).set_batch_size(16);
                  request.mutable_spec()->mutable_domains(0)->set_path("train.batch_sice");
                }},
        BadSpec{"UnknownObjective", "spec.objective.minimize",
                [](auto& request) { request.mutable_spec()->mutable_objective()->set_minimize("val_los"); }}),
    [](const auto& test) { return test.param.name; });

class ValidationTest : public RpcTest {};

TEST_F(ValidationTest, AHugeGridIsRefused) {
  v1::CreateSweepRequest request = DigitsRequest();
  for (const char* path : {"train.optimizer.sgd.momentum", "train.optimizer.sgd.l2", "train.optimizer.sgd.dampening"}) {
    v1::Domain* domain = request.mutable_spec()->add_domains();
    domain->set_path(path);
    domain->mutable_uniform()->set_low(0);
    domain->mutable_uniform()->set_high(0.9);
    domain->mutable_uniform()->set_points(1000000000);
  }
  const absl::Status status = Call(*sweeps_, &SweepStub::CreateSweep, request).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
}

TEST_F(ValidationTest, AFaultOfAnotherCallNamesItsField) {
  EXPECT_THAT(Call(*sweeps_, &SweepStub::GetSweep, v1::GetSweepRequest()).status(), IsViolationAt("sweep"));
}

TEST_F(ValidationTest, AWaitBeyondAMinuteIsRefused) {
  const std::string id = Create().id();
  for (const int64_t seconds : {int64_t{61}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    v1::GetSweepRequest request;
    request.set_sweep(id);
    request.mutable_wait()->set_seconds(seconds);
    EXPECT_THAT(Call(*sweeps_, &SweepStub::GetSweep, request).status(), IsViolationAt("wait"));
  }
}

TEST_F(ValidationTest, AnotherProtocolVersionIsRefusedWithBothNumbers) {
  grpc::ClientContext context;
  context.AddMetadata("basin-protocol-version", "7");
  v1::GetServerInfoResponse response;
  const grpc::Status status = sweeps_->GetServerInfo(&context, v1::GetServerInfoRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), testing::AllOf(HasSubstr("7"), HasSubstr("1")));
}

TEST_F(ValidationTest, TheServersProtocolVersionIsAccepted) {
  grpc::ClientContext context;
  context.AddMetadata("basin-protocol-version", "1");
  v1::GetServerInfoResponse response;
  EXPECT_TRUE(sweeps_->GetServerInfo(&context, v1::GetServerInfoRequest(), &response).ok());
}

TEST_F(ValidationTest, AMessageOverTheLimitIsRefused) {
  v1::QuerySqlRequest request;
  request.set_sql(std::string(5 * 1024 * 1024, ' '));
  grpc::ClientContext context;
  v1::QuerySqlResponse response;
  const auto reader = sweeps_->QuerySql(&context, request);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace basin::server::rpc
