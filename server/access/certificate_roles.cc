#include "server/access/certificate_roles.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace basin::server::access {

absl::StatusOr<CertificateRoles> CertificateRoles::Read(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return absl::UnavailableError(
        absl::StrCat("cannot read the file of certificates' roles ", path, ": ", std::strerror(errno)));
  }
  CertificateRoles result;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name, role, rest;
    if (!(words >> name)) continue;
    words >> role;
    const std::optional<Role> known = RoleNamed(role);
    if (!known || words >> rest) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ", line ", number, ": expected NAME ROLE, the role being read, submit, admin or worker"));
    }
    if (!result.callers_.emplace(name, Caller{name, *known}).second) {
      return absl::InvalidArgumentError(absl::StrCat(path, ", line ", number, ": '", name, "' has a role already"));
    }
  }
  return result;
}

const Caller* CertificateRoles::Find(std::span<const std::string> names) const {
  for (const std::string& name : names) {
    if (const auto found = callers_.find(name); found != callers_.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace basin::server::access
