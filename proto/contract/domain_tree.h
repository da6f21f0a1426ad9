#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "basin/v1/domain.pb.h"
#include "basin/v1/workload.pb.h"
#include "proto/contract/field_path.h"
#include "proto/contract/grid_values.h"
#include "proto/contract/violation.h"

namespace basin::contract {

// Sizes are numbers of configs and saturate at 2^64 - 1.
uint64_t SaturatingAdd(uint64_t a, uint64_t b);
uint64_t SaturatingMultiply(uint64_t a, uint64_t b);

struct DomainNode;

// One alternative of a choice.
struct OptionNode {
  std::string text;      // As users read it: `sgdr(first_period_epochs=10)`.
  v1::Workload partial;  // Nothing but what stands at the choice's path.
  std::vector<DomainNode> domains;
  uint64_t size = 1;
};

// A checked domain: scalar values, or a choice's options.
struct DomainNode {
  std::string path;
  FieldPath field;
  std::optional<GridValues> values;
  std::vector<OptionNode> options;
  uint64_t size = 1;
};

// Builds and checks the domains that stand side by side in one scope: those of a sweep, over its base, or those of an
// option, over its partial workload and below the choice's path `below`. Paths of violations begin with `spec_path`
// (`domains`, `domains[0].choice.options[1].domains`). Domains with a fault are left out of the answer.
std::vector<DomainNode> BuildDomains(const google::protobuf::RepeatedPtrField<v1::Domain>& domains,
                                     const v1::Workload& base, const std::string& below, const std::string& spec_path,
                                     std::vector<Violation>* violations);

// The product of the sizes.
uint64_t SizeOf(const std::vector<DomainNode>& domains);

// Puts point `index` of the domains' product into the workload, the last domain varying fastest.
// REQUIRES: index < SizeOf(domains).
void ApplyDomains(const std::vector<DomainNode>& domains, uint64_t index, v1::Workload* workload);

// Appends the params of point `index`, in the order of the domains, a choice before what it chose.
void AppendParams(const std::vector<DomainNode>& domains, uint64_t index, std::vector<v1::Param>* params);

// Where in the spec that is which point `index` has at `path` of the workload: in the domain or option that gives it
// (`domains[0].values.values[2]`; paths of `domains` begin with `spec_path`), or `base` followed by the path.
std::string PathInSpec(const std::vector<DomainNode>& domains, uint64_t index, const std::string& path,
                       const std::string& spec_path, const std::string& base);

// True if `path` is `ancestor` or lies below it.
bool LiesIn(const std::string& path, const std::string& ancestor);

}  // namespace basin::contract
