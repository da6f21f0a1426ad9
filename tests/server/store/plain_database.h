#pragma once

#include <string>

namespace basin::tests {

// Makes a database by SQLite alone, as programs did before pages had checksums, and runs `sql` in it. Reports a fault
// as a failed assertion.
void MakePlainDatabase(const std::string& path, const std::string& sql);

}  // namespace basin::tests
