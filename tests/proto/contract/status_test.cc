#include "proto/contract/status.h"

#include "basin/v1/error.pb.h"
#include "gmock/gmock.h"
#include "proto/contract/violation.h"

namespace basin::contract {
namespace {

TEST(StatusTest, EveryCodeSurvivesTheWire) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(static_cast<int>(ToGrpc(status).error_code()), code);
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(StatusTest, ViolationsSurviveTheWire) {
  const absl::Status status = InvalidArgument({{"a.b", "must be x"}, {"c", "is required"}});
  EXPECT_EQ(status.message(), "a.b: must be x; and 1 more");
  const absl::Status received = FromGrpc(ToGrpc(status));
  EXPECT_EQ(received, status);
  const std::vector<Violation> violations = ViolationsOf(received);
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[1].path, "c");
  EXPECT_EQ(violations[1].description, "is required");
}

TEST(StatusTest, DetailsAreAGoogleRpcStatus) {
  v1::ErrorStatus details;
  ASSERT_TRUE(details.ParseFromString(ToGrpc(InvalidArgument({{"a", "b"}})).error_details()));
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), "a: b");
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.BadRequest");
}

TEST(StatusTest, ManyViolationsFitIntoAHeader) {
  std::vector<Violation> violations;
  for (int i = 0; i < 100; ++i) violations.push_back({std::string(400, 'p'), std::string(400, 'd')});
  const grpc::Status status = ToGrpc(InvalidArgument(violations));
  EXPECT_LT(status.error_details().size() + status.error_message().size(), 6000u);
  EXPECT_FALSE(ViolationsOf(FromGrpc(status)).empty());
}

TEST(StatusTest, LongMessageIsCutBetweenCharacters) {
  std::string text(999, 'x');
  for (int i = 0; i < 10; ++i) text += "\xC3\xA4";
  const std::string message = ToGrpc(absl::InternalError(text)).error_message();
  EXPECT_LE(message.size(), 1000u);
  EXPECT_EQ(message.substr(message.size() - 4), "x...");
}

TEST(StatusTest, StatusWithoutViolationsHasNoDetails) {
  EXPECT_EQ(ToGrpc(absl::NotFoundError("x")).error_details(), "");
  EXPECT_TRUE(ViolationsOf(absl::NotFoundError("x")).empty());
}

}  // namespace
}  // namespace basin::contract
