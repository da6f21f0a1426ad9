#pragma once

#include <map>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "server/access/role.h"

namespace basin::server::access {

struct Caller {
  std::string name;  // Of the token or certificate; empty where nobody is asked who he is.
  Role role = Role::kRead;
};

// What names in client certificates stand for.
class CertificateRoles {
 public:
  // A file of lines NAME ROLE; '#' begins a comment. NAME is the certificate's common name or one of its subject
  // alternative names. INVALID_ARGUMENT names the line that is not one.
  static absl::StatusOr<CertificateRoles> Read(const std::string& path);

  // The first of the names that the file has.
  const Caller* Find(std::span<const std::string> names) const;
  bool empty() const { return callers_.empty(); }

 private:
  std::map<std::string, Caller> callers_;
};

}  // namespace basin::server::access
