#pragma once

struct sqlite3;

namespace basin::server::store {

// Puts functions of our own in the place of those built-in ones whose time grows with the product of two lengths:
// instr, replace, and trim, ltrim and rtrim with two arguments. They say the same in linear time, but refuse more than
// 256 different characters to trim. LIKE and GLOB stay as they are, but a budget (sqlite_db_budget) can end a statement
// before each of their calls; ESCAPE may be neither '%' nor '_'. Returns SQLite's code.
int ReplaceSlowFunctions(sqlite3* db);

}  // namespace basin::server::store
