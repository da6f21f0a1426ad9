#include "proto/contract/space.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/defaults.h"
#include "proto/contract/domain_tree.h"
#include "proto/contract/validate.h"

namespace basin::contract {
namespace {

void CollectPaths(const std::vector<DomainNode>& domains, std::vector<std::string>* paths) {
  for (const DomainNode& domain : domains) {
    if (std::find(paths->begin(), paths->end(), domain.path) == paths->end()) paths->push_back(domain.path);
    for (const OptionNode& option : domain.options) CollectPaths(option.domains, paths);
  }
}

// Whether a domain with this path can choose another source of the data set.
bool ChoosesSource(const std::string& path) {
  const auto* source = v1::Dataset::descriptor()->FindOneofByName("source");
  for (const std::string dataset : kDatasetPaths) {
    if (LiesIn(dataset, path)) return true;
    for (int i = 0; i < source->field_count(); ++i) {
      if (LiesIn(path, absl::StrCat(dataset, ".", source->field(i)->name()))) return true;
    }
  }
  return false;
}

// Which data set a config needs. A lease asks it of many trials, so that it must not cost a whole workload.
class DatasetNames {
 public:
  DatasetNames(const v1::Workload& base, const std::vector<DomainNode>& domains) {
    std::vector<DomainNode> choosing;
    uint64_t stride = 1;
    uint64_t combinations = 1;
    for (size_t i = domains.size(); i-- > 0; stride *= domains[i].size) {
      if (!ChoosesSource(domains[i].path)) continue;
      digits_.insert(digits_.begin(), {stride, domains[i].size});
      choosing.insert(choosing.begin(), domains[i]);
      combinations = SaturatingMultiply(combinations, domains[i].size);
    }
    if (combinations > kMostNames) return;
    for (uint64_t i = 0; i < combinations; ++i) {
      v1::Workload workload = base;
      ApplyDomains(choosing, i, &workload);
      names_.push_back(DatasetName(contract::DatasetOf(workload)));
    }
  }

  // Null where there are too many to be known beforehand.
  const std::string* Of(uint64_t config) const {
    if (names_.empty()) return nullptr;
    uint64_t combination = 0;
    for (const Digit& digit : digits_) combination = combination * digit.size + config / digit.stride % digit.size;
    return &names_[combination];
  }

 private:
  static constexpr uint64_t kMostNames = 4096;
  struct Digit {
    uint64_t stride;
    uint64_t size;
  };
  std::vector<Digit> digits_;  // Of the domains that choose the data set.
  std::vector<std::string> names_;
};

class Grid final : public Space {
 public:
  Grid(v1::Workload base, std::vector<DomainNode> domains)
      : base_(std::move(base)), domains_(std::move(domains)), size_(SizeOf(domains_)), datasets_(base_, domains_) {}

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

  // Domains that stand side by side share no path, so that one of them alone gives each.
  Digit DigitOf(const std::string& path) const override {
    uint64_t stride = 1;
    for (size_t i = domains_.size(); i-- > 0; stride *= domains_[i].size) {
      std::vector<std::string> paths;
      CollectPaths({domains_[i]}, &paths);
      if (std::find(paths.begin(), paths.end(), path) != paths.end()) return {stride, domains_[i].size};
    }
    std::abort();
  }

  std::string DatasetOf(uint64_t index) const override {  // Empty for workloads without data.
    Require(index);
    const std::string* name = datasets_.Of(index);
    return name != nullptr ? *name : DatasetName(contract::DatasetOf(Resolve(index)));
  }

 private:
  void Require(uint64_t index) const {
    if (index >= size_) std::abort();
  }

  const v1::Workload base_;
  const std::vector<DomainNode> domains_;
  const uint64_t size_;
  const DatasetNames datasets_;
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
