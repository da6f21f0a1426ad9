#include "proto/contract/status.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "basin/v1/error.pb.h"
#include "proto/contract/violation.h"

namespace basin::contract {
namespace {

// Both travel in one block of headers, of which peers accept 8 KiB, one of them as base64 and the other
// percent-encoded.
constexpr size_t kMaxErrorBytes = 1000;
constexpr size_t kMaxDetailBytes = 2500;

// At most `size` bytes of `text`, without cutting a UTF-8 character.
std::string Truncated(const std::string& text, size_t size) {
  if (text.size() <= size) return text;
  size_t end = size - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string SerializedDetails(const absl::Status& status, const std::string& message) {
  v1::BadRequest bad_request;
  size_t bytes = 0;
  for (const Violation& violation : ViolationsOf(status)) {
    v1::BadRequest::FieldViolation field;
    field.set_field(Truncated(violation.path, 600));
    field.set_description(Truncated(violation.description, 600));
    bytes += field.ByteSizeLong() + 4;
    if (bytes > kMaxDetailBytes) break;
    *bad_request.add_field_violations() = std::move(field);
  }
  if (bad_request.field_violations().empty()) return "";
  v1::ErrorStatus details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  google::protobuf::Any* any = details.add_details();
  any->set_type_url(kBadRequestUrl);
  any->set_value(bad_request.SerializeAsString());
  return details.SerializeAsString();
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message = Truncated(std::string(status.message()), kMaxErrorBytes);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message, SerializedDetails(status, message));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::ErrorStatus details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& any : details.details()) {
    if (any.type_url() == kBadRequestUrl) result.SetPayload(kBadRequestUrl, absl::Cord(any.value()));
  }
  return result;
}

}  // namespace basin::contract
