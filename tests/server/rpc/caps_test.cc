#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::HasSubstr;

using SweepStub = v1::SweepService::Stub;

ServerOptions Capped(const SweepCaps& caps) {
  ServerOptions options;
  options.caps = caps;
  return options;
}

// `digits` ranges over two batch sizes and has two seeds.
class CapsTest : public RpcTest {
 protected:
  explicit CapsTest(const SweepCaps& caps) : RpcTest(Capped(caps)) {}

  absl::Status Submit(uint64_t seeds = 2) {
    return Call(*sweeps_, &SweepStub::CreateSweep, DigitsRequest("digits", seeds)).status();
  }
};

struct TrialsCapTest : CapsTest {
  TrialsCapTest() : CapsTest({.trials = 4}) {}
};
TEST_F(TrialsCapTest, SweepOfMoreTrialsIsRefused) {
  EXPECT_TRUE(Submit(2).ok());
  const absl::Status status = Submit(3);
  EXPECT_THAT(status, IsViolationAt("spec"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("6 trials (2 configs x 3 seeds); this server allows 4"));
}

struct FieldsCapTest : CapsTest {
  FieldsCapTest() : CapsTest({.fields = 0}) {}
};
TEST_F(FieldsCapTest, SweepOverMoreFieldsIsRefused) { EXPECT_THAT(Submit(), IsViolationAt("spec.domains")); }

struct ValuesCapTest : CapsTest {
  ValuesCapTest() : CapsTest({.values_a_field = 1}) {}
};
TEST_F(ValuesCapTest, FieldOfMoreValuesIsRefusedByName) {
  const absl::Status status = Submit();
  EXPECT_THAT(status, IsViolationAt("spec.domains"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("train.batch_size one of 2 values; this server allows 1"));
}

}  // namespace
}  // namespace basin::server::rpc
