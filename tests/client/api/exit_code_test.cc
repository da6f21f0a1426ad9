#include "client/api/exit_code.h"

#include "gtest/gtest.h"

namespace basin::client::api {
namespace {

TEST(ExitCodeTest, EachKindOfFailureHasItsNumber) {
  struct Case {
    absl::StatusCode code;
    int exit_code;
  };
  for (const Case& c : {Case{absl::StatusCode::kOk, 0}, Case{absl::StatusCode::kInvalidArgument, 2},
                        Case{absl::StatusCode::kNotFound, 3}, Case{absl::StatusCode::kPermissionDenied, 4},
                        Case{absl::StatusCode::kUnauthenticated, 4}, Case{absl::StatusCode::kUnavailable, 5},
                        Case{absl::StatusCode::kDeadlineExceeded, 6}, Case{absl::StatusCode::kCancelled, 130},
                        Case{absl::StatusCode::kFailedPrecondition, 1}, Case{absl::StatusCode::kDataLoss, 1},
                        Case{absl::StatusCode::kResourceExhausted, 1}, Case{absl::StatusCode::kInternal, 1},
                        Case{absl::StatusCode::kUnknown, 1}, Case{absl::StatusCode::kUnimplemented, 1}}) {
    EXPECT_EQ(ExitCodeOf(absl::Status(c.code, "x")), c.exit_code) << absl::StatusCodeToString(c.code);
  }
}

}  // namespace
}  // namespace basin::client::api
