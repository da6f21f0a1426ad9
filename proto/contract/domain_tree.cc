#include "proto/contract/domain_tree.h"

#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/validate.h"

namespace basin::contract {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

namespace {

// Choices within choices.
constexpr int kMaxNesting = 12;

std::string StepText(const FieldPath::Step& step) {
  return step.index < 0 ? step.field->name() : absl::StrCat(step.field->name(), "[", step.index, "]");
}

// Which fields the domains of one scope give, to find those that two of them give.
class Territory {
 public:
  // A fault if the field overlaps with an earlier one's, or chooses another member of a oneof; else takes it.
  std::optional<std::string> Take(const FieldPath& field, const std::string& owner) {
    std::string prefix;
    std::vector<std::string> lists;
    for (size_t i = 0; i < field.steps.size(); ++i) {
      const FieldPath::Step& step = field.steps[i];
      if (const OneofDescriptor* oneof = step.field->real_containing_oneof(); oneof != nullptr) {
        const auto [member, added] =
            members_.try_emplace(absl::StrCat(prefix, "|", oneof->name()), std::make_pair(step.field, owner));
        if (!added && member->second.first != step.field) {
          return absl::StrCat("gives ", step.field->name(), ", but ", member->second.second, " gives ",
                              member->second.first->name(), "; only one of them can be set");
        }
      }
      absl::StrAppend(&prefix, prefix.empty() ? "" : ".", StepText(step));
      const bool last = i + 1 == field.steps.size();
      const auto found = last ? touched_.find(prefix) : ends_.find(prefix);
      if (found != (last ? touched_.end() : ends_.end())) return absl::StrCat("overlaps with ", found->second);
      // A list and one of its elements overlap, too.
      if (step.index >= 0) {
        const std::string list = prefix.substr(0, prefix.rfind('['));
        if (const auto whole = ends_.find(list); whole != ends_.end()) {
          return absl::StrCat("overlaps with ", whole->second);
        }
        lists.push_back(list);
      }
    }
    ends_.emplace(prefix, owner);
    for (const std::string& list : lists) touched_.emplace(list, owner);
    std::string walked;
    for (const FieldPath::Step& step : field.steps) {
      absl::StrAppend(&walked, walked.empty() ? "" : ".", StepText(step));
      touched_.emplace(walked, owner);
    }
    return std::nullopt;
  }

 private:
  std::unordered_map<std::string, std::pair<const FieldDescriptor*, std::string>> members_;
  std::unordered_map<std::string, std::string> ends_;     // Fields that a domain gives.
  std::unordered_map<std::string, std::string> touched_;  // Those, and what they lie in.
};

// What the base holds that the domain would replace, or that forbids it.
std::optional<std::string> ConflictWithBase(const FieldPath& path, const Message& base, const std::string& base_name) {
  const Message* message = &base;
  for (size_t i = 0; i < path.steps.size(); ++i) {
    const auto& [field, index] = path.steps[i];
    const Reflection& reflection = *message->GetReflection();
    if (const OneofDescriptor* oneof = field->real_containing_oneof(); oneof != nullptr) {
      const FieldDescriptor* set = reflection.GetOneofFieldDescriptor(*message, oneof);
      if (set != nullptr && set != field) {
        return absl::StrCat("gives ", field->name(), ", but ", base_name, " sets ", set->name(),
                            "; only one of them can be set");
      }
    }
    const bool last = i + 1 == path.steps.size();
    if (index >= 0) {
      if (last || index >= reflection.FieldSize(*message, field)) return std::nullopt;
      message = &reflection.GetRepeatedMessage(*message, field, index);
      continue;
    }
    const bool present =
        field->is_repeated() ? reflection.FieldSize(*message, field) > 0 : reflection.HasField(*message, field);
    if (!present) return std::nullopt;
    if (last) return absl::StrCat("gives a field that ", base_name, " sets, too");
    message = &reflection.GetMessage(*message, field);
  }
  return std::nullopt;
}

// True if nothing is set outside `path`.
bool HoldsOnly(const FieldPath& path, const Message& workload) {
  const Message* message = &workload;
  for (size_t i = 0; i < path.steps.size(); ++i) {
    const Reflection& reflection = *message->GetReflection();
    std::vector<const FieldDescriptor*> set;
    reflection.ListFields(*message, &set);
    if (set.empty()) return true;
    if (set.size() > 1 || set[0] != path.steps[i].field) return false;
    if (i + 1 < path.steps.size()) message = &reflection.GetMessage(*message, set[0]);
  }
  return true;
}

class Builder {
 public:
  Builder(std::vector<Violation>* violations, int nesting) : violations_(violations), nesting_(nesting) {}

  std::vector<DomainNode> Build(const google::protobuf::RepeatedPtrField<v1::Domain>& domains, const v1::Workload& base,
                                const std::string& below, const std::string& spec_path) {
    Territory territory;
    v1::Workload sample = base;
    std::vector<DomainNode> nodes;
    for (int i = 0; i < domains.size() && violations_->size() < kMostViolations; ++i) {
      const std::string here = absl::StrCat(spec_path, "[", i, "]");
      std::optional<DomainNode> node = BuildOne(domains[i], here);
      if (!node.has_value()) continue;
      const std::string path_of_path = here + ".path";
      std::optional<std::string> fault;
      if (!below.empty() && (node->path == below || !LiesIn(node->path, below))) {
        fault = absl::StrCat("must lie below the choice's path ", below);
      }
      if (!fault) fault = territory.Take(node->field, absl::StrCat(spec_path, "[", i, "] (", node->path, ")"));
      if (!fault) fault = ConflictWithBase(node->field, base, below.empty() ? "base" : "partial");
      if (!fault && node->values.has_value()) {
        const absl::Status set = SetScalar(node->field, node->values->At(0), &sample);
        if (!set.ok()) fault = std::string(set.message());
      }
      if (fault) {
        violations_->push_back({path_of_path, *fault});
      } else {
        nodes.push_back(*std::move(node));
      }
    }
    return nodes;
  }

 private:
  static constexpr size_t kMostViolations = 100;

  std::optional<DomainNode> BuildOne(const v1::Domain& domain, const std::string& spec_path) {
    if (domain.path().empty()) return std::nullopt;  // The rules say so.
    absl::StatusOr<FieldPath> field = ParseFieldPath(v1::Workload::descriptor(), domain.path());
    if (!field.ok()) {
      violations_->push_back({spec_path + ".path", std::string(field.status().message())});
      return std::nullopt;
    }
    DomainNode node;
    node.path = field->ToString();
    node.field = *std::move(field);
    if (domain.has_choice()) {
      if (!BuildChoice(domain.choice(), spec_path + ".choice", &node)) return std::nullopt;
      return node;
    }
    if (!node.field.is_scalar()) {
      violations_->push_back(
          {spec_path + ".path", absl::StrCat("names ", node.path, ", which is no single value; use a choice")});
      return std::nullopt;
    }
    node.values = GridValues::Create(domain, node.field, spec_path, violations_);
    if (!node.values.has_value()) return std::nullopt;
    node.size = node.values->size();
    return node;
  }

  bool BuildChoice(const v1::Choice& choice, const std::string& spec_path, DomainNode* node) {
    for (const FieldPath::Step& step : node->field.steps) {
      if (step.index < 0) continue;
      violations_->push_back({spec_path, "cannot stand for or below an element of a list; choose the whole list"});
      return false;
    }
    if (nesting_ >= kMaxNesting) {
      violations_->push_back(
          {spec_path, absl::StrCat("lies in too many other choices, at most ", kMaxNesting, " are allowed")});
      return false;
    }
    const size_t violations_before = violations_->size();
    std::unordered_set<std::string> seen;
    node->size = 0;
    for (int i = 0; i < choice.options_size() && violations_->size() < kMostViolations; ++i) {
      const std::string here = absl::StrCat(spec_path, ".options[", i, "]");
      if (!seen.insert(choice.options(i).SerializeAsString()).second) {
        violations_->push_back({here, "stands twice in the choice"});
        continue;
      }
      node->options.push_back(BuildOption(choice.options(i), here, *node));
      node->size = SaturatingAdd(node->size, node->options.back().size);
    }
    return violations_->size() == violations_before && node->size > 0;
  }

  OptionNode BuildOption(const v1::Choice::Option& option, const std::string& spec_path, const DomainNode& choice) {
    OptionNode node;
    node.partial = option.partial();
    const std::string partial_path = spec_path + ".partial";
    if (!HoldsOnly(choice.field, node.partial)) {
      violations_->push_back({partial_path, absl::StrCat("sets something outside ", choice.path)});
      return node;
    }
    const size_t violations_before = violations_->size();
    Builder inner(violations_, nesting_ + 1);
    node.domains = inner.Build(option.domains(), node.partial, choice.path, spec_path + ".domains");
    node.size = SizeOf(node.domains);
    node.text = DescribeField(choice.field, node.partial);
    if (violations_->size() > violations_before) return node;
    v1::Workload sample = node.partial;
    ApplyDomains(node.domains, 0, &sample);
    CheckSample(sample, choice, node.domains, partial_path);
    return node;
  }

  // What is missing at the choice's path, or breaks a rule there, under an option.
  void CheckSample(const v1::Workload& sample, const DomainNode& choice, const std::vector<DomainNode>& domains,
                   const std::string& partial_path) {
    // Absent altogether: an empty list is what the field's own rule judges.
    if (!choice.field.field()->is_repeated() && !IsSet(choice.field, sample)) {
      violations_->push_back({partial_path, absl::StrCat("sets nothing at ", choice.path)});
      return;
    }
    for (const Violation& violation : CheckRules(sample)) {
      if (!LiesIn(violation.path, choice.path)) continue;
      bool given = false;
      for (const DomainNode& domain : domains) given = given || LiesIn(violation.path, domain.path);
      if (!given) violations_->push_back({absl::StrCat(partial_path, ".", violation.path), violation.description});
    }
  }

  static bool IsSet(const FieldPath& path, const Message& workload) {
    const Message* message = &workload;
    for (const FieldPath::Step& step : path.steps) {
      if (!message->GetReflection()->HasField(*message, step.field)) return false;
      if (&step != &path.steps.back()) message = &message->GetReflection()->GetMessage(*message, step.field);
    }
    return true;
  }

  std::vector<Violation>* violations_;
  int nesting_;
};

// Which option of a choice has the choice's point `*index`; leaves the point within the option.
size_t OptionIndexAt(const DomainNode& choice, uint64_t* index) {
  size_t i = 0;
  while (*index >= choice.options[i].size) *index -= choice.options[i++].size;
  return i;
}
const OptionNode& OptionAt(const DomainNode& choice, uint64_t* index) {
  return choice.options[OptionIndexAt(choice, index)];
}

// The point of each domain, from the point of their product.
std::vector<uint64_t> Digits(const std::vector<DomainNode>& domains, uint64_t index) {
  std::vector<uint64_t> digits(domains.size());
  for (size_t i = domains.size(); i-- > 0;) {
    digits[i] = index % domains[i].size;
    index /= domains[i].size;
  }
  return digits;
}

}  // namespace

uint64_t SaturatingAdd(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<uint64_t>::max() : sum;
}

uint64_t SaturatingMultiply(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<uint64_t>::max() : product;
}

std::vector<DomainNode> BuildDomains(const google::protobuf::RepeatedPtrField<v1::Domain>& domains,
                                     const v1::Workload& base, const std::string& below, const std::string& spec_path,
                                     std::vector<Violation>* violations) {
  return Builder(violations, 0).Build(domains, base, below, spec_path);
}

uint64_t SizeOf(const std::vector<DomainNode>& domains) {
  uint64_t size = 1;
  for (const DomainNode& domain : domains) size = SaturatingMultiply(size, domain.size);
  return size;
}

void ApplyDomains(const std::vector<DomainNode>& domains, uint64_t index, v1::Workload* workload) {
  const std::vector<uint64_t> digits = Digits(domains, index);
  for (size_t i = 0; i < domains.size(); ++i) {
    const DomainNode& domain = domains[i];
    if (domain.values.has_value()) {
      SetScalar(domain.field, domain.values->At(digits[i]), workload).IgnoreError();  // Building has tried it.
      continue;
    }
    uint64_t inner = digits[i];
    const OptionNode& option = OptionAt(domain, &inner);
    ClearField(domain.field, workload);
    workload->MergeFrom(option.partial);
    ApplyDomains(option.domains, inner, workload);
  }
}

void AppendParams(const std::vector<DomainNode>& domains, uint64_t index, std::vector<v1::Param>* params) {
  const std::vector<uint64_t> digits = Digits(domains, index);
  for (size_t i = 0; i < domains.size(); ++i) {
    v1::Param param;
    param.set_path(domains[i].path);
    if (domains[i].values.has_value()) {
      *param.mutable_value() = domains[i].values->At(digits[i]);
      params->push_back(std::move(param));
      continue;
    }
    uint64_t inner = digits[i];
    const OptionNode& option = OptionAt(domains[i], &inner);
    param.mutable_value()->set_string_value(option.text);
    params->push_back(std::move(param));
    AppendParams(option.domains, inner, params);
  }
}

std::string PathInSpec(const std::vector<DomainNode>& domains, uint64_t index, const std::string& path,
                       const std::string& spec_path, const std::string& base) {
  const std::vector<uint64_t> digits = Digits(domains, index);
  for (size_t i = 0; i < domains.size(); ++i) {
    const DomainNode& domain = domains[i];
    if (!LiesIn(path, domain.path)) continue;
    const std::string here = absl::StrCat(spec_path, "[", i, "]");
    if (domain.values) return domain.values->is_list() ? absl::StrCat(here, ".values.values[", digits[i], "]") : here;
    uint64_t inner = digits[i];
    const size_t option = OptionIndexAt(domain, &inner);
    const std::string chosen = absl::StrCat(here, ".choice.options[", option, "]");
    return PathInSpec(domain.options[option].domains, inner, path, chosen + ".domains", chosen + ".partial.");
  }
  return base + path;
}

bool LiesIn(const std::string& path, const std::string& ancestor) {
  if (!path.starts_with(ancestor)) return false;
  return path.size() == ancestor.size() || path[ancestor.size()] == '.' || path[ancestor.size()] == '[';
}

}  // namespace basin::contract
