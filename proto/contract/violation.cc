#include "proto/contract/violation.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "basin/v1/error.pb.h"

namespace basin::contract {

absl::Status InvalidArgument(const std::vector<Violation>& violations) {
  const Violation& first = violations.at(0);
  std::string message = first.path.empty() ? first.description : absl::StrCat(first.path, ": ", first.description);
  if (violations.size() > 1) absl::StrAppend(&message, "; and ", violations.size() - 1, " more");
  v1::BadRequest details;
  for (const Violation& violation : violations) {
    v1::BadRequest::FieldViolation* field = details.add_field_violations();
    field->set_field(violation.path);
    field->set_description(violation.description);
  }
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kBadRequestUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status Under(const std::string& prefix, const absl::Status& status) {
  std::vector<Violation> violations = ViolationsOf(status);
  if (violations.empty()) return status;
  for (Violation& violation : violations) violation.path = prefix + violation.path;
  return InvalidArgument(violations);
}

std::vector<Violation> ViolationsOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kBadRequestUrl);
  v1::BadRequest details;
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) return {};
  std::vector<Violation> violations;
  for (const v1::BadRequest::FieldViolation& field : details.field_violations()) {
    violations.push_back({field.field(), field.description()});
  }
  return violations;
}

}  // namespace basin::contract
