#include "server/access/role.h"

namespace basin::server::access {

std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kRead:
      return "read";
    case Role::kSubmit:
      return "submit";
    case Role::kAdmin:
      return "admin";
    case Role::kWorker:
      break;
  }
  return "worker";
}

std::optional<Role> RoleNamed(std::string_view name) {
  for (const Role role : {Role::kRead, Role::kSubmit, Role::kAdmin, Role::kWorker}) {
    if (name == NameOf(role)) return role;
  }
  return std::nullopt;
}

bool Covers(Role role, Role needed) {
  if (role == Role::kWorker || needed == Role::kWorker) return role == needed;
  return role >= needed;
}

}  // namespace basin::server::access
