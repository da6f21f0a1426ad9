#pragma once

#include <string>
#include <vector>

#include "basin/v1/domain.pb.h"
#include "basin/v1/sweep.pb.h"
#include "client/spec/problem.h"
#include "client/spec/source_map.h"
#include "client/spec/yaml_tree.h"
#include "google/protobuf/message.h"

namespace basin::client::spec {

// Reads nodes into messages: keys are field names, members of a oneof are keys of the message that holds it, a message
// that is one of several alternatives may be their bare name (`schedule: cosine`), and below the workload any value may
// be a domain.
class MessageReader {
 public:
  // Where a value goes, and what it is called.
  struct Place {
    std::string file_path;  // `train.schedule.$choice[1].exponential`
    // Below a workload alone; `domains` is null elsewhere.
    std::string workload_path;  // `train.schedule.exponential`
    google::protobuf::RepeatedPtrField<v1::Domain>* domains = nullptr;
    std::string domains_path;  // Of `domains` in the spec: `domains`, `domains[0].choice.options[1].domains`.
    std::string
        spec_path;  // Of the value in the spec: `domains[0].choice.options[1].partial.train.schedule.exponential`.

    Place Field(const std::string& name) const;
    Place Element(int index) const;
  };

  MessageReader(SourceMap* sources, std::vector<Problem>* problems) : sources_(sources), problems_(problems) {}

  // Reads the settings of `message` from a mapping, a bare name, or nothing.
  void ReadMessage(const Node& node, google::protobuf::Message* message, const Place& place);

  // Reads one field, whose key stands at `key`. False if it could not; the problem is said.
  bool ReadField(const Node& node, Position key, google::protobuf::Message* message,
                 const google::protobuf::FieldDescriptor* field, const Place& place);

  // Says that `place` is wrong, and marks it.
  bool Fail(Position at, const Place& place, std::string description);

 private:
  void ReadEntry(const Node::Entry& entry, google::protobuf::Message* message, const Place& place);
  bool ReadList(const Node& node, google::protobuf::Message* message, const google::protobuf::FieldDescriptor* field,
                const Place& place);
  bool ReadElement(const Node& node, google::protobuf::Message* message, const google::protobuf::FieldDescriptor* field,
                   int index, const Place& place);
  bool ReadBareName(const Node& node, google::protobuf::Message* message, const Place& place);

  // Domains, in domain_reader.cc. `field` is what the domain stands for.
  static bool IsDomain(const Node& node);
  bool ReadDomain(const Node& node, Position key, const google::protobuf::FieldDescriptor* field, bool element,
                  const Place& place);
  bool FillDomain(const Node& node, const google::protobuf::FieldDescriptor* field, bool element, const Place& place,
                  const std::string& spec_path, v1::Domain* domain);
  bool ReadValues(const Node& node, const google::protobuf::FieldDescriptor* field, const Place& place,
                  const std::string& spec_path, v1::Values* values);
  bool ReadChoice(const Node& node, const google::protobuf::FieldDescriptor* field, const Place& place,
                  const std::string& spec_path, v1::Choice* choice);
  bool ReadOption(const Node& node, const google::protobuf::FieldDescriptor* field, const Place& place,
                  v1::Choice::Option* option);
  bool ReadRange(const Node& node, const Node::Entry& kind, google::protobuf::Message* range, const Place& place,
                 const std::string& spec_path);

  SourceMap* sources_;
  std::vector<Problem>* problems_;
};

}  // namespace basin::client::spec
