#pragma once

#include <vector>

#include "basin/v1/sweep.pb.h"
#include "client/spec/problem.h"
#include "client/spec/yaml_tree.h"

namespace basin::client::spec {

// The SweepSpec that the tree of a sweep file describes, read by reflection over the proto, and checked by
// contract::ValidateSweep. Mistakes are appended to `problems`; the answer is whole only if there are none.
v1::SweepSpec BuildSpec(const Node& root, std::vector<Problem>* problems);

}  // namespace basin::client::spec
