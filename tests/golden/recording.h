#pragma once

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace basin::golden {

// One case of a recorded file. A key that is missing or does not hold what is asked for ends the program: the files are
// part of the tests.
class RecordedCase {
 public:
  explicit RecordedCase(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  const std::string& Text(const std::string& key) const;
  double Number(const std::string& key) const;
  std::vector<double> Numbers(const std::string& key) const;
  // The same numbers, which must all be floats.
  std::vector<float> Floats(const std::string& key) const;
  // Reads the text form of a message.
  void Parse(const std::string& key, google::protobuf::Message* message) const;

  void Add(std::string key, std::string value) { entries_[std::move(key)] = std::move(value); }

 private:
  std::string name_;
  std::map<std::string, std::string> entries_;
};

// The cases of a file of this folder, in order.
std::vector<RecordedCase> ReadRecording(const std::string& file_name);

}  // namespace basin::golden
