#include "proto/contract/space.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "proto/contract/defaults.h"
#include "proto/contract/domain_tree.h"
#include "proto/contract/validate.h"

namespace basin::contract {
namespace {

constexpr char kDatasetPath[] = "train.dataset.name";

void CollectPaths(const std::vector<DomainNode>& domains, std::vector<std::string>* paths) {
  for (const DomainNode& domain : domains) {
    if (std::find(paths->begin(), paths->end(), domain.path) == paths->end()) paths->push_back(domain.path);
    for (const OptionNode& option : domain.options) CollectPaths(option.domains, paths);
  }
}

class Grid final : public Space {
 public:
  Grid(v1::Workload base, std::vector<DomainNode> domains)
      : base_(std::move(base)), domains_(std::move(domains)), size_(SizeOf(domains_)) {
    for (const std::string& path : ParamPaths()) {
      varies_dataset_ = varies_dataset_ || LiesIn(kDatasetPath, path) || LiesIn(path, kDatasetPath);
    }
  }

  uint64_t size() const override { return size_; }

  std::vector<v1::Param> Params(uint64_t index) const override {
    Require(index);
    std::vector<v1::Param> params;
    AppendParams(domains_, index, &params);
    return params;
  }

  v1::Workload Resolve(uint64_t index) const override {
    Require(index);
    v1::Workload workload = base_;
    ApplyDomains(domains_, index, &workload);
    FillDefaults(&workload);
    return workload;
  }

  std::vector<std::string> ParamPaths() const override {
    std::vector<std::string> paths;
    CollectPaths(domains_, &paths);
    return paths;
  }

  std::string DatasetOf(uint64_t index) const override {
    return varies_dataset_ ? Resolve(index).train().dataset().name() : base_.train().dataset().name();
  }

 private:
  void Require(uint64_t index) const {
    if (index >= size_) std::abort();
  }

  const v1::Workload base_;
  const std::vector<DomainNode> domains_;
  const uint64_t size_;
  bool varies_dataset_ = false;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Space>> Space::Create(const v1::SweepSpec& spec) {
  std::vector<Violation> violations;
  for (Violation& violation : CheckRules(spec)) {
    if (LiesIn(violation.path, "domains") || LiesIn(violation.path, "base")) violations.push_back(std::move(violation));
  }
  if (!violations.empty()) return InvalidArgument(violations);
  std::vector<DomainNode> domains = BuildDomains(spec.domains(), spec.base(), "", "domains", &violations);
  if (!violations.empty()) return InvalidArgument(violations);
  if (SizeOf(domains) > kMaxTrials) {
    return InvalidArgument({{"domains", "the domains make more than 2^53 (9007199254740992) configs"}});
  }
  return std::make_shared<const Grid>(spec.base(), std::move(domains));
}

uint64_t SeedCount(const v1::Seeds& seeds) {
  return seeds.has_list() ? static_cast<uint64_t>(seeds.list().seeds_size()) : seeds.count();
}

uint64_t SeedAt(const v1::Seeds& seeds, uint64_t position) {
  return seeds.has_list() ? seeds.list().seeds(static_cast<int>(position)) : position;
}

}  // namespace basin::contract
