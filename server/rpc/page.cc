#include "server/rpc/page.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/digest.h"
#include "server/rpc/call.h"

namespace basin::server::rpc {
namespace {

constexpr size_t kScopeSize = 12;

}  // namespace

absl::StatusOr<uint32_t> ReadPageSize(uint32_t page_size) {
  constexpr uint32_t kDefault = 100, kMost = 1000;
  if (page_size > kMost) return FieldError("page_size", absl::StrCat("must be at most ", kMost, ", is ", page_size));
  return page_size == 0 ? kDefault : page_size;
}

std::string PageScope(const google::protobuf::Message& request, std::string_view sweep_id) {
  const std::unique_ptr<google::protobuf::Message> filters(request.New());
  filters->CopyFrom(request);
  for (const char* field : {"page_size", "page_token", "sweep"}) {
    const google::protobuf::FieldDescriptor* descriptor = filters->GetDescriptor()->FindFieldByName(field);
    if (descriptor != nullptr) filters->GetReflection()->ClearField(filters.get(), descriptor);
  }
  const std::string text = absl::StrCat(request.GetDescriptor()->full_name(), "\n", std::string(sweep_id), "\n",
                                        filters->SerializeAsString());
  return contract::Sha256Hex(text).substr(0, kScopeSize);
}

std::string MakePageToken(std::string_view scope, std::string_view cursor) {
  return absl::WebSafeBase64Escape(absl::StrCat(std::string(scope), std::string(cursor)));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view scope, const std::string& token) {
  if (token.empty()) return "";
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text) || text.size() <= kScopeSize || !text.starts_with(scope)) {
    return BadPageToken();
  }
  return text.substr(kScopeSize);
}

absl::Status BadPageToken() {
  return FieldError("page_token", "must be the next_page_token of the same list's last answer");
}

}  // namespace basin::server::rpc
