#include "client/spec/message_reader.h"

#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/spec/scalar.h"
#include "proto/contract/field_path.h"

namespace basin::client::spec {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

namespace {

bool IsMessage(const FieldDescriptor* field) { return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

std::string Joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

// An element that a domain or a mistake leaves open, so that those after it keep their places.
void AddPlaceholder(Message* message, const FieldDescriptor* field, int index) {
  v1::Value one;
  one.set_int_value(1);
  contract::SetScalar({{{field, index}}}, one, message).IgnoreError();
}

// "must be one of sgd, adam", "must be a mapping with name, standardize".
std::string ExpectedMessage(const Descriptor* type) {
  const std::string names = absl::StrJoin(contract::FieldNames(type), ", ");
  if (contract::AlternativesOf(type) != nullptr && type->field_count() == type->oneof_decl(0)->field_count()) {
    return absl::StrCat("must be one of ", names);
  }
  return names.empty() ? "must be an empty mapping, {}" : absl::StrCat("must be a mapping with ", names);
}

// Whether a message cannot be without the field: it is required, or the only scalar in a oneof that is.
bool IsNecessary(const FieldDescriptor* field) {
  if (contract::RuleOf(field).required()) return true;
  const OneofDescriptor* oneof = field->real_containing_oneof();
  if (oneof == nullptr || IsMessage(field) || !oneof->options().GetExtension(v1::required_oneof)) return false;
  for (int i = 0; i < oneof->field_count(); ++i) {
    if (oneof->field(i) != field && !IsMessage(oneof->field(i))) return false;
  }
  return true;
}

// For a word where a mapping with one necessary setting belongs: " (did you mean '{name: digits}'?)".
std::string WrappedHint(const Node& node, const Descriptor* type) {
  const FieldDescriptor* needed = nullptr;
  for (int i = 0; i < type->field_count(); ++i) {
    if (!IsNecessary(type->field(i))) continue;
    if (needed != nullptr) return "";
    needed = type->field(i);
  }
  if (!node.is_scalar() || needed == nullptr || needed->is_repeated() || IsMessage(needed)) return "";
  return absl::StrCat(" (did you mean '{", needed->name(), ": ", node.text.substr(0, 64), "}'?)");
}

}  // namespace

MessageReader::Place MessageReader::Place::Field(const std::string& name) const {
  Place place = *this;
  place.file_path = Joined(file_path, name);
  place.spec_path = Joined(spec_path, name);
  place.workload_path = Joined(workload_path, name);
  return place;
}

MessageReader::Place MessageReader::Place::Element(int index) const {
  Place place = *this;
  for (std::string* path : {&place.file_path, &place.spec_path, &place.workload_path}) {
    absl::StrAppend(path, "[", index, "]");
  }
  return place;
}

bool MessageReader::Fail(Position at, const Place& place, std::string description) {
  problems_->push_back({at, place.file_path, std::move(description)});
  sources_->MarkFailed(place.spec_path);
  return false;
}

void MessageReader::ReadMessage(const Node& node, Message* message, const Place& place) {
  if (node.is_null()) return;
  if (node.is_scalar() && ReadBareName(node, message, place)) return;
  if (!node.is_map()) {
    const Descriptor* type = message->GetDescriptor();
    std::string hint = WrappedHint(node, type);
    if (hint.empty() && node.is_scalar()) hint = contract::DidYouMean(node.text, contract::FieldNames(type));
    Fail(node.at, place, absl::StrCat(ExpectedMessage(type), ", is ", InWords(node), hint));
    return;
  }
  std::unordered_map<const OneofDescriptor*, const Node::Entry*> chosen;
  for (const Node::Entry& entry : node.entries) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(entry.key);
    const OneofDescriptor* oneof = field == nullptr ? nullptr : field->real_containing_oneof();
    if (oneof != nullptr) {
      const auto [first, added] = chosen.try_emplace(oneof, &entry);
      if (!added) {
        Fail(entry.at, place.Field(entry.key),
             absl::StrCat("cannot be given together with ", first->second->key, " (line ", first->second->at.line,
                          "); only one of ", absl::StrJoin(contract::FieldNames(oneof), ", ")));
        continue;
      }
    }
    ReadEntry(entry, message, place);
  }
}

bool MessageReader::ReadBareName(const Node& node, Message* message, const Place& place) {
  const OneofDescriptor* oneof = contract::AlternativesOf(message->GetDescriptor());
  const FieldDescriptor* field = oneof == nullptr ? nullptr : message->GetDescriptor()->FindFieldByName(node.text);
  if (field == nullptr || field->real_containing_oneof() != oneof) return false;
  message->GetReflection()->MutableMessage(message, field);
  const Place inner = place.Field(field->name());
  sources_->Add(inner.spec_path, {node.at, node.at, inner.file_path});
  return true;
}

void MessageReader::ReadEntry(const Node::Entry& entry, Message* message, const Place& place) {
  const Descriptor* type = message->GetDescriptor();
  const FieldDescriptor* field = type->FindFieldByName(entry.key);
  if (field == nullptr) {
    const std::vector<std::string> names = contract::FieldNames(type);
    const std::string nearest = contract::NearestName(entry.key, names);
    const std::string hint = !nearest.empty() ? absl::StrCat(" (did you mean '", nearest, "'?)")
                             : names.empty()  ? std::string("; no settings belong here")
                                              : absl::StrCat("; expected one of ", absl::StrJoin(names, ", "));
    const Place here = place.Field(entry.key.substr(0, 64));
    Fail(entry.at, here, "unknown key" + hint);
    // What was meant is not missing.
    if (!nearest.empty()) sources_->MarkFailed(place.Field(nearest).spec_path);
    return;
  }
  ReadField(entry.value, entry.at, message, field, place.Field(field->name()));
}

bool MessageReader::ReadField(const Node& node, Position key, Message* message, const FieldDescriptor* field,
                              const Place& place) {
  sources_->Add(place.spec_path, {key, node.is_null() ? key : node.at, place.file_path});
  if (IsDomain(node)) return ReadDomain(node, key, field, /*element=*/false, place);
  if (field->is_repeated()) return ReadList(node, message, field, place);
  if (IsMessage(field)) {
    const size_t before = problems_->size();
    ReadMessage(node, message->GetReflection()->MutableMessage(message, field), place);
    return problems_->size() == before;
  }
  const absl::StatusOr<v1::Value> value = ReadScalar(node, field);
  if (!value.ok()) return Fail(node.is_null() ? key : node.at, place, std::string(value.status().message()));
  contract::SetScalar({{{field, -1}}}, *value, message).IgnoreError();
  return true;
}

bool MessageReader::ReadList(const Node& node, Message* message, const FieldDescriptor* field, const Place& place) {
  if (!node.is_list()) {
    const std::string example =
        node.is_scalar() ? absl::StrCat(" (did you mean '[", node.text.substr(0, 64), "]'?)") : "";
    return Fail(node.at, place, absl::StrCat("must be a list, is ", InWords(node), example));
  }
  bool ok = true;
  for (size_t i = 0; i < node.items.size(); ++i) {
    ok = ReadElement(node.items[i], message, field, static_cast<int>(i), place.Element(static_cast<int>(i))) && ok;
  }
  return ok;
}

bool MessageReader::ReadElement(const Node& node, Message* message, const FieldDescriptor* field, int index,
                                const Place& place) {
  sources_->Add(place.spec_path, {node.at, node.at, place.file_path});
  if (IsMessage(field)) {
    const size_t before = problems_->size();
    Message* element = message->GetReflection()->AddMessage(message, field);
    if (IsDomain(node)) return ReadDomain(node, node.at, field, /*element=*/true, place);
    ReadMessage(node, element, place);
    return problems_->size() == before;
  }
  if (IsDomain(node)) {
    AddPlaceholder(message, field, index);
    return ReadDomain(node, node.at, field, /*element=*/true, place);
  }
  const absl::StatusOr<v1::Value> value = ReadScalar(node, field);
  if (!value.ok()) {
    AddPlaceholder(message, field, index);
    return Fail(node.at, place, std::string(value.status().message()));
  }
  contract::SetScalar({{{field, index}}}, *value, message).IgnoreError();
  return true;
}

}  // namespace basin::client::spec
