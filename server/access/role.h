#pragma once

#include <optional>
#include <string_view>

namespace basin::server::access {

// What a caller may do. Each of the first three may do all that those before it may; a worker's calls are for workers
// alone.
enum class Role { kRead = 1, kSubmit = 2, kAdmin = 3, kWorker = 4 };

// `read`, `submit`, `admin`, `worker`.
std::string_view NameOf(Role role);
std::optional<Role> RoleNamed(std::string_view name);

// True if who has `role` may do what `needed` may.
bool Covers(Role role, Role needed);

}  // namespace basin::server::access
