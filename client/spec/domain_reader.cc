// The part of MessageReader that reads domains.

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/spec/message_reader.h"
#include "client/spec/scalar.h"
#include "proto/contract/field_path.h"

namespace basin::client::spec {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

namespace {

const OneofDescriptor* DomainKinds() { return v1::Domain::descriptor()->FindOneofByName("kind"); }

std::vector<std::string> DomainNames() {
  std::vector<std::string> names = contract::FieldNames(DomainKinds());
  for (std::string& name : names) name.insert(0, "$");
  return names;
}

bool IsScalar(const FieldDescriptor* field, bool element) {
  return field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE && (element || !field->is_repeated());
}

}  // namespace

bool MessageReader::IsDomain(const Node& node) {
  for (const Node::Entry& entry : node.entries) {
    if (entry.key.starts_with('$')) return true;
  }
  return false;
}

bool MessageReader::ReadDomain(const Node& node, Position key, const FieldDescriptor* field, bool element,
                               const Place& place) {
  if (place.domains == nullptr) {
    return Fail(node.at, place, "cannot be a domain; domains stand below the workload alone");
  }
  const std::string spec_path = absl::StrCat(place.domains_path, "[", place.domains->size(), "]");
  v1::Domain domain;
  domain.set_path(place.workload_path);
  // Taken before the options are read: the numbers of domains follow the file's order.
  sources_->Add(spec_path, {key, node.at, place.file_path});
  sources_->Add(spec_path + ".path", {key, node.at, place.file_path});
  if (!FillDomain(node, field, element, place, spec_path, &domain)) {
    sources_->MarkFailed(place.spec_path);
    return false;
  }
  *place.domains->Add() = std::move(domain);
  return true;
}

bool MessageReader::FillDomain(const Node& node, const FieldDescriptor* field, bool element, const Place& place,
                               const std::string& spec_path, v1::Domain* domain) {
  const Node::Entry* kind = nullptr;
  for (const Node::Entry& entry : node.entries) {
    if (!entry.key.starts_with('$')) continue;
    if (kind != nullptr) return Fail(entry.at, place, absl::StrCat("has two domains, ", kind->key, " and ", entry.key));
    kind = &entry;
  }
  const FieldDescriptor* member = v1::Domain::descriptor()->FindFieldByName(kind->key.substr(1));
  if (member == nullptr || member->real_containing_oneof() != DomainKinds()) {
    const std::vector<std::string> names = DomainNames();
    const std::string hint = contract::DidYouMean(kind->key, names);
    return Fail(kind->at, place,
                absl::StrCat("unknown domain '", kind->key.substr(0, 64), "'",
                             hint.empty() ? absl::StrCat("; expected one of ", absl::StrJoin(names, ", ")) : hint));
  }
  const bool scalar = IsScalar(field, element);
  const bool list = member->name() == "values" || member->name() == "choice";
  const std::string inner_path = absl::StrCat(spec_path, ".",
                                              scalar && list ? "values"
                                              : list         ? "choice"
                                                             : member->name());
  sources_->Add(inner_path, {kind->at, kind->value.is_null() ? kind->at : kind->value.at, place.file_path});
  if (!list) {
    return ReadRange(node, *kind, domain->GetReflection()->MutableMessage(domain, member), place, inner_path);
  }
  for (const Node::Entry& entry : node.entries) {
    if (&entry != kind) {
      return Fail(entry.at, place, absl::StrCat("unknown key '", entry.key.substr(0, 64), "' beside ", kind->key));
    }
  }
  if (!kind->value.is_list() || kind->value.items.empty()) {
    return Fail(kind->value.is_null() ? kind->at : kind->value.at, place,
                absl::StrCat(kind->key, " must be a list of at least one value, is ",
                             kind->value.is_list() ? "an empty one" : InWords(kind->value)));
  }
  Place inner = place;
  absl::StrAppend(&inner.file_path, ".", kind->key);
  return scalar ? ReadValues(kind->value, field, inner, inner_path, domain->mutable_values())
                : ReadChoice(kind->value, field, inner, inner_path, domain->mutable_choice());
}

bool MessageReader::ReadValues(const Node& node, const FieldDescriptor* field, const Place& place,
                               const std::string& spec_path, v1::Values* values) {
  bool ok = true;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    const std::string file_path = absl::StrCat(place.file_path, "[", i, "]");
    sources_->Add(absl::StrCat(spec_path, ".values[", i, "]"), {item.at, item.at, file_path});
    absl::StatusOr<v1::Value> value = ReadScalar(item, field);
    if (value.ok()) {
      *values->add_values() = *std::move(value);
    } else {
      problems_->push_back({item.at, file_path, std::string(value.status().message())});
      ok = false;
    }
  }
  return ok;
}

bool MessageReader::ReadChoice(const Node& node, const FieldDescriptor* field, const Place& place,
                               const std::string& spec_path, v1::Choice* choice) {
  if (place.workload_path.find('[') != std::string::npos) {
    return Fail(node.at, place, "a choice cannot stand below an element of a list; choose the whole list");
  }
  bool ok = true;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string option_path = absl::StrCat(spec_path, ".options[", i, "]");
    v1::Choice::Option* option = choice->add_options();
    Place inner;
    inner.file_path = absl::StrCat(place.file_path, "[", i, "]");
    inner.workload_path = place.workload_path;
    inner.domains = option->mutable_domains();
    inner.domains_path = option_path + ".domains";
    inner.spec_path = absl::StrCat(option_path, ".partial.", place.workload_path);
    const Position at = node.items[i].at;
    sources_->Add(option_path, {at, at, inner.file_path});
    sources_->Add(option_path + ".partial", {at, at, inner.file_path});
    ok = ReadOption(node.items[i], field, inner, option) && ok;
  }
  return ok;
}

bool MessageReader::ReadOption(const Node& node, const FieldDescriptor* field, const Place& place,
                               v1::Choice::Option* option) {
  if (IsDomain(node)) return Fail(node.at, place, "an option of a choice cannot itself be a domain");
  const auto path = contract::ParseFieldPath(v1::Workload::descriptor(), place.workload_path);
  if (!path.ok()) return Fail(node.at, place, std::string(path.status().message()));
  Message* message = option->mutable_partial();
  for (size_t i = 0; i + 1 < path->steps.size(); ++i) {
    message = message->GetReflection()->MutableMessage(message, path->steps[i].field);
  }
  return ReadField(node, node.at, message, field, place);
}

bool MessageReader::ReadRange(const Node& node, const Node::Entry& kind, Message* range, const Place& place,
                              const std::string& spec_path) {
  // [low, high] or [mean, stddev]: the message's first two fields; the others are keys beside.
  const google::protobuf::Descriptor* type = range->GetDescriptor();
  const auto read = [&](const Node& value, Position at, const FieldDescriptor* field, const std::string& what) {
    Place here = place;
    absl::StrAppend(&here.file_path, ".", what);
    sources_->Add(absl::StrCat(spec_path, ".", field->name()), {at, value.is_null() ? at : value.at, here.file_path});
    const absl::StatusOr<v1::Value> number = ReadScalar(value, field);
    if (!number.ok()) return Fail(value.is_null() ? at : value.at, here, std::string(number.status().message()));
    contract::SetScalar({{{field, -1}}}, *number, range).IgnoreError();
    return true;
  };
  if (!kind.value.is_list() || kind.value.items.size() != 2) {
    const std::string size =
        kind.value.is_list() ? absl::StrCat("a list of ", kind.value.items.size()) : InWords(kind.value);
    return Fail(
        kind.value.is_null() ? kind.at : kind.value.at, place,
        absl::StrCat(kind.key, " must be [", type->field(0)->name(), ", ", type->field(1)->name(), "], is ", size));
  }
  bool ok = true;
  for (int i = 0; i < 2; ++i) {
    const Node& item = kind.value.items[static_cast<size_t>(i)];
    ok = read(item, item.at, type->field(i), absl::StrCat(kind.key, "[", i, "]")) && ok;
  }
  std::vector<std::string> beside;
  for (int i = 2; i < type->field_count(); ++i) beside.push_back(type->field(i)->name());
  for (const Node::Entry& entry : node.entries) {
    if (&entry == &kind) continue;
    const FieldDescriptor* field = type->FindFieldByName(entry.key);
    if (field == nullptr || field->index() < 2) {
      const std::string hint = contract::DidYouMean(entry.key, beside);
      ok = Fail(entry.at, place,
                absl::StrCat("unknown key '", entry.key.substr(0, 64), "' beside ", kind.key,
                             hint.empty() ? "; expected one of " + absl::StrJoin(beside, ", ") : hint));
      continue;
    }
    ok = read(entry.value, entry.at, field, field->name()) && ok;
  }
  return ok;
}

}  // namespace basin::client::spec
