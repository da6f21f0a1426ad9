#pragma once

#include <optional>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "server/access/role.h"

// Which role each call needs: the one table. A method that is not in it is denied to everyone.
namespace basin::server::access {

// The role that `method` (`basin.v1.SweepService/CreateSweep`) needs.
std::optional<Role> RoleNeededFor(std::string_view method);

// Health tells only whether the server serves, and probes have no tokens.
bool IsExempt(std::string_view method);

// The method of basin.v1 that takes this request, as RoleNeededFor names it: each request is of one method alone. Empty
// if there is none.
std::string_view MethodOf(const google::protobuf::Descriptor& request);

}  // namespace basin::server::access
