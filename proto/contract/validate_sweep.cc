#include <string>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/defaults.h"
#include "proto/contract/domain_tree.h"
#include "proto/contract/field_text.h"
#include "proto/contract/metric_names.h"
#include "proto/contract/space.h"
#include "proto/contract/validate.h"

namespace basin::contract {
namespace {

constexpr size_t kMaxViolations = 100;

// Violations in the order in which they were found, each once.
class Findings {
 public:
  void Add(Violation violation) {
    if (violations_.size() >= kMaxViolations) return;
    if (seen_.insert(absl::StrCat(violation.path, "\n", violation.description)).second) {
      violations_.push_back(std::move(violation));
    }
  }
  void Add(std::vector<Violation> violations) {
    for (Violation& violation : violations) Add(std::move(violation));
  }
  bool Has(const std::string& path) const {
    for (const Violation& violation : violations_) {
      if (violation.path == path) return true;
    }
    return false;
  }
  bool HasDescription(const std::string& start) const {
    for (const Violation& violation : violations_) {
      if (violation.description.starts_with(start)) return true;
    }
    return false;
  }
  bool empty() const { return violations_.empty(); }
  absl::Status ToStatus() const { return empty() ? absl::OkStatus() : InvalidArgument(violations_); }

 private:
  std::vector<Violation> violations_;
  std::unordered_set<std::string> seen_;
};

// What the base lacks although all domains are given. `domains` are those without a fault: what another one gives, or
// would complete, is not said to be missing.
void CheckPresence(const v1::SweepSpec& spec, const std::vector<DomainNode>& domains, const v1::Workload& sample,
                   Findings* findings) {
  std::unordered_set<std::string> sound;
  for (const DomainNode& domain : domains) sound.insert(domain.path);
  const auto is_explained = [&](const std::string& path) {
    for (const v1::Domain& domain : spec.domains()) {
      if (domain.path().empty()) continue;
      if (LiesIn(path, domain.path())) return true;
      if (!sound.contains(domain.path()) && LiesIn(domain.path(), path)) return true;
    }
    return false;
  };
  for (Violation& violation : CheckRules(sample)) {
    if (is_explained(violation.path)) continue;
    const std::string path = violation.path.empty() ? "base" : absl::StrCat("base.", violation.path);
    findings->Add({path, std::move(violation.description)});
  }
}

void CheckSeeds(const v1::Seeds& seeds, Findings* findings) {
  std::unordered_set<uint64_t> seen;
  for (int i = 0; i < seeds.list().seeds_size(); ++i) {
    const uint64_t seed = seeds.list().seeds(i);
    if (!seen.insert(seed).second) {
      findings->Add({absl::StrCat("seeds.list.seeds[", i, "]"), absl::StrCat("stands twice in the list: ", seed)});
    }
  }
}

void CheckObjective(const v1::Objective& objective, const v1::Workload& sample, Findings* findings) {
  if (objective.goal_case() == v1::Objective::GOAL_NOT_SET || sample.kind_case() == v1::Workload::KIND_NOT_SET) return;
  const std::string& metric = objective.has_minimize() ? objective.minimize() : objective.maximize();
  const std::vector<std::string> names = MetricNames(sample);
  for (const std::string& name : names) {
    if (name == metric) return;
  }
  const std::string path = objective.has_minimize() ? "objective.minimize" : "objective.maximize";
  if (findings->Has(path)) return;
  findings->Add({path, absl::StrCat("must be a metric of the workload: ", absl::StrJoin(names, ", "), "; is '",
                                    metric.substr(0, 128), "'", DidYouMean(metric, names))});
}

void CheckCount(const v1::SweepSpec& spec, const std::vector<DomainNode>& domains, Findings* findings) {
  const uint64_t configs = SizeOf(domains);
  if (configs > kMaxTrials) {
    findings->Add({"domains", absl::StrCat("the domains make more than 2^53 (", kMaxTrials, ") configs")});
    return;
  }
  if (SaturatingMultiply(configs, SeedCount(spec.seeds())) > kMaxTrials) {
    findings->Add({"seeds", absl::StrCat("configs and seeds make more than 2^53 (", kMaxTrials, ") trials: ", configs,
                                         " configs, ", SeedCount(spec.seeds()), " seeds")});
  }
}

void CheckConfig(const v1::SweepSpec& spec, const std::vector<DomainNode>& domains, uint64_t index,
                 Findings* findings) {
  v1::Workload config = spec.base();
  ApplyDomains(domains, index, &config);
  FillDefaults(&config);
  for (Violation& violation : ViolationsOf(ValidateResolved(config))) {
    findings->Add({PathInSpec(domains, index, violation.path, "domains", "base."), std::move(violation.description)});
  }
}

// Faults between fields, in the first config and in those that differ from it in one domain alone: each would end the
// sweep when its trial comes. So many are looked at as take no time that anyone notices.
void CheckConfigs(const v1::SweepSpec& spec, const std::vector<DomainNode>& domains, Findings* findings) {
  constexpr uint64_t kMostConfigs = 500;
  CheckConfig(spec, domains, 0, findings);
  uint64_t checked = 1;
  uint64_t stride = 1;  // From a domain's value to its next.
  for (auto domain = domains.rbegin(); domain != domains.rend(); ++domain) {
    for (uint64_t i = 1; i < domain->size && checked < kMostConfigs; ++i, ++checked) {
      CheckConfig(spec, domains, i * stride, findings);
    }
    stride *= domain->size;
  }
}

}  // namespace

absl::Status ValidateSweep(const v1::SweepSpec& spec) {
  Findings findings;
  findings.Add(CheckRules(spec));
  // Nothing may walk a message that is too deep.
  if (findings.HasDescription(kTooDeep)) return findings.ToStatus();
  std::vector<Violation> violations;
  const std::vector<DomainNode> domains = BuildDomains(spec.domains(), spec.base(), "", "domains", &violations);
  findings.Add(std::move(violations));
  v1::Workload sample = spec.base();
  ApplyDomains(domains, 0, &sample);
  if (spec.has_base()) CheckPresence(spec, domains, sample, &findings);
  CheckSeeds(spec.seeds(), &findings);
  CheckObjective(spec.objective(), sample, &findings);
  CheckCount(spec, domains, &findings);
  if (findings.empty()) CheckConfigs(spec, domains, &findings);
  return findings.ToStatus();
}

}  // namespace basin::contract
