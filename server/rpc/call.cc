#include "server/rpc/call.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/status.h"
#include "proto/contract/validate.h"
#include "proto/contract/version.h"
#include "server/rpc/caller.h"

namespace basin::server::rpc {

absl::Status ProtocolMismatch(std::string_view theirs) {
  return absl::FailedPreconditionError(absl::StrCat("the caller speaks protocol version ", std::string(theirs),
                                                    ", this server (", contract::kVersion, ") speaks ",
                                                    contract::kProtocolVersion, "; use programs of one release"));
}

namespace {

absl::Status CheckProtocol(const grpc::CallbackServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range(contract::kProtocolVersionKey);
  for (auto entry = begin; entry != end; ++entry) {
    const std::string_view theirs(entry->second.data(), entry->second.size());
    if (theirs != std::to_string(contract::kProtocolVersion)) return ProtocolMismatch(theirs.substr(0, 32));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<access::Caller> AdmitCall(const Parts& parts, const grpc::CallbackServerContext& context,
                                         const google::protobuf::Message& request) {
  absl::StatusOr<access::Caller> caller = IdentifyCaller(parts.gatekeeper, context, request);
  if (!caller.ok()) return caller;
  const absl::Status protocol = CheckProtocol(context);
  if (!protocol.ok()) return protocol;
  return caller;
}

absl::StatusOr<access::Caller> CheckCall(const Parts& parts, const grpc::CallbackServerContext& context,
                                         const google::protobuf::Message& request) {
  absl::StatusOr<access::Caller> caller = AdmitCall(parts, context, request);
  if (!caller.ok()) return caller;
  const absl::Status valid = contract::ValidateMessage(request);
  if (!valid.ok()) return valid;
  return caller;
}

absl::Status FieldError(std::string_view path, std::string_view description) {
  return contract::InvalidArgument({{.path = std::string(path), .description = std::string(description)}});
}

absl::Status WithPathPrefix(const absl::Status& status, std::string_view prefix) {
  std::vector<contract::Violation> violations = contract::ViolationsOf(status);
  if (violations.empty()) return status;
  for (contract::Violation& violation : violations) {
    violation.path =
        violation.path.empty() ? std::string(prefix) : absl::StrCat(std::string(prefix), ".", violation.path);
  }
  return contract::InvalidArgument(violations);
}

absl::StatusOr<core::MonoTime> ReadWait(const google::protobuf::Duration& wait) {
  constexpr int64_t kMaxSeconds = 60;
  const bool well_formed = wait.nanos() >= 0 && wait.nanos() < 1000000000;
  const bool in_range =
      wait.seconds() >= 0 && (wait.seconds() < kMaxSeconds || (wait.seconds() == kMaxSeconds && wait.nanos() == 0));
  if (!well_formed || !in_range) return FieldError("wait", "must be from 0 to 60 s");
  return std::chrono::seconds(wait.seconds()) + std::chrono::nanoseconds(wait.nanos());
}

void Finish(grpc::ServerUnaryReactor* reactor, const absl::Status& status) {
  reactor->Finish(contract::ToGrpc(status));
}

absl::Status Overloaded() { return absl::UnavailableError("the server is overloaded; try again"); }

}  // namespace basin::server::rpc
