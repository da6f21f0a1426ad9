#pragma once

#include <string>
#include <vector>

// What people and tools read of DIR/basin.db: a promise, unlike the tables below (schema.h).
namespace basin::server::store {

// Whether point `p` of trial `t` is of the accepted lineage: of the last attempt, or of an earlier one before the
// checkpoint from which its successors went on.
extern const char kInLineage[];
// Whether artifact `a` is to be seen: uploaded weights are the trial's once their attempt's result is accepted.
extern const char kIsShown[];

struct View {
  std::string name;
  std::string select;  // What it stands for.
};
// The documented views, in the order in which users read of them.
const std::vector<View>& DocumentedViews();

}  // namespace basin::server::store
