#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using SweepStub = v1::SweepService::Stub;

class IdempotencyTest : public RpcTest {};

TEST_F(IdempotencyTest, TheSameRequestGivesTheSameSweep) {
  v1::CreateSweepRequest request = DigitsRequest();
  request.set_request_id("r1");
  const std::string id = Call(*sweeps_, &SweepStub::CreateSweep, request)->sweep().id();
  EXPECT_EQ(Call(*sweeps_, &SweepStub::CreateSweep, request)->sweep().id(), id);
}

TEST_F(IdempotencyTest, TheSameIdWithAnotherSpecIsRefused) {
  v1::CreateSweepRequest request = DigitsRequest();
  request.set_request_id("r1");
  ASSERT_TRUE(Call(*sweeps_, &SweepStub::CreateSweep, request).ok());
  request.mutable_spec()->set_priority(3);
  EXPECT_TRUE(absl::IsAlreadyExists(Call(*sweeps_, &SweepStub::CreateSweep, request).status()));
}

TEST_F(IdempotencyTest, WithoutAnIdEachRequestIsASweep) { EXPECT_NE(Create().id(), Create().id()); }

}  // namespace
}  // namespace basin::server::rpc
