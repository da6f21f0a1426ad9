#include "client/spec/spec_builder.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/spec/message_reader.h"
#include "client/spec/source_map.h"
#include "proto/contract/field_path.h"
#include "proto/contract/validate.h"

namespace basin::client::spec {

using google::protobuf::FieldDescriptor;

namespace {

using Place = MessageReader::Place;

// Fields of SweepSpec that a file does not name: it has `train` instead, with domains in place.
bool IsHidden(const std::string& name) { return name == "base" || name == "domains"; }

class SpecBuilder {
 public:
  explicit SpecBuilder(std::vector<Problem>* problems) : problems_(problems), reader_(&sources_, problems) {}

  v1::SweepSpec Build(const Node& root) {
    sources_.Add("", {root.at, root.at, ""});
    if (!root.is_map()) {
      problems_->push_back(
          {root.at, "", absl::StrCat("must be a mapping with ", absl::StrJoin(Names(), ", "), ", is ", InWords(root))});
      return {};
    }
    for (const Node::Entry& entry : root.entries) ReadTopLevel(entry);
    // In the file's words: a base is a `train`.
    if (!spec_.has_base()) {
      if (!sources_.FollowsFromFailure("base")) {
        const std::string workloads = absl::StrJoin(contract::FieldNames(v1::Workload::descriptor()), " or ");
        problems_->push_back({root.at, workloads, "is required"});
      }
      sources_.MarkFailed("base");
    }
    Validate();
    return std::move(spec_);
  }

 private:
  static std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const std::string& name : contract::FieldNames(v1::SweepSpec::descriptor())) {
      if (!IsHidden(name)) names.push_back(name);
    }
    for (const std::string& name : contract::FieldNames(v1::Workload::descriptor())) names.push_back(name);
    return names;
  }

  void ReadTopLevel(const Node::Entry& entry) {
    const FieldDescriptor* workload = v1::Workload::descriptor()->FindFieldByName(entry.key);
    const FieldDescriptor* field = v1::SweepSpec::descriptor()->FindFieldByName(entry.key);
    if (workload != nullptr) {
      ReadWorkload(entry, workload);
    } else if (field == nullptr || IsHidden(entry.key)) {
      const std::vector<std::string> names = Names();
      const std::string hint = contract::DidYouMean(entry.key, names);
      Place place;
      place.file_path = place.spec_path = entry.key.substr(0, 64);
      reader_.Fail(
          entry.at, place,
          absl::StrCat("unknown key", hint.empty() ? "; expected one of " + absl::StrJoin(names, ", ") : hint));
      const std::string nearest = contract::NearestName(entry.key, names);
      const bool is_workload = v1::Workload::descriptor()->FindFieldByName(nearest) != nullptr;
      if (!nearest.empty()) sources_.MarkFailed(is_workload ? "base" : nearest);
    } else {
      Place place;
      place.file_path = place.spec_path = entry.key;
      if (field->message_type() == v1::Seeds::descriptor()) {
        ReadSeeds(entry, place);
      } else {
        reader_.ReadField(entry.value, entry.at, &spec_, field, place);
      }
    }
  }

  void ReadWorkload(const Node::Entry& entry, const FieldDescriptor* workload) {
    if (spec_.has_base()) {
      problems_->push_back({entry.at, entry.key, "a sweep has one workload; another one stands above"});
      return;
    }
    Place place;
    place.file_path = place.workload_path = entry.key;
    place.spec_path = absl::StrCat("base.", entry.key);
    place.domains = spec_.mutable_domains();
    place.domains_path = "domains";
    const Position value = entry.value.is_null() ? entry.at : entry.value.at;
    sources_.Add("base", {entry.at, value, entry.key});
    sources_.Add("domains", {entry.at, entry.at, entry.key});
    reader_.ReadField(entry.value, entry.at, spec_.mutable_base(), workload, place);
  }

  // `seeds: 5` or `seeds: [7, 11]`.
  void ReadSeeds(const Node::Entry& entry, const Place& place) {
    const Node& node = entry.value;
    v1::Seeds* seeds = spec_.mutable_seeds();
    const Position at = node.is_null() ? entry.at : node.at;
    for (const char* path : {"seeds", "seeds.count", "seeds.list", "seeds.list.seeds"}) {
      sources_.Add(path, {entry.at, at, "seeds"});
    }
    if (node.is_scalar()) {
      const FieldDescriptor* count = v1::Seeds::descriptor()->FindFieldByName("count");
      reader_.ReadField(node, entry.at, seeds, count, place);
      sources_.Add("seeds.count", {entry.at, at, "seeds"});
    } else if (node.is_list()) {
      Place list = place;
      list.spec_path = "seeds.list.seeds";
      const FieldDescriptor* field = v1::SeedList::descriptor()->FindFieldByName("seeds");
      reader_.ReadField(node, entry.at, seeds->mutable_list(), field, list);
    } else {
      reader_.Fail(at, place, absl::StrCat("must be a number of seeds or a list of them, is ", InWords(node)));
    }
  }

  void Validate() {
    for (const contract::Violation& violation : contract::ViolationsOf(contract::ValidateSweep(spec_))) {
      if (sources_.FollowsFromFailure(violation.path)) continue;
      problems_->push_back(sources_.Locate(violation.path, violation.description));
    }
  }

  std::vector<Problem>* problems_;
  SourceMap sources_;
  MessageReader reader_;
  v1::SweepSpec spec_;
};

}  // namespace

v1::SweepSpec BuildSpec(const Node& root, std::vector<Problem>* problems) { return SpecBuilder(problems).Build(root); }

}  // namespace basin::client::spec
