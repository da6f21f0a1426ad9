#include "tests/golden/recording.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "google/protobuf/text_format.h"

namespace basin::golden {
namespace {

[[noreturn]] void Abort(const std::string& where, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", where.c_str(), what.c_str());
  std::abort();
}

}  // namespace

const std::string& RecordedCase::Text(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) Abort(name_, "no entry " + key);
  return found->second;
}

std::vector<double> RecordedCase::Numbers(const std::string& key) const {
  std::vector<double> numbers;
  const char* at = Text(key).c_str();
  for (char* end = nullptr;; at = end) {
    const double number = std::strtod(at, &end);
    if (end == at) break;
    numbers.push_back(number);
  }
  if (*at != '\0') Abort(name_, "not a number in " + key + ": " + at);
  return numbers;
}

double RecordedCase::Number(const std::string& key) const {
  const std::vector<double> numbers = Numbers(key);
  if (numbers.size() != 1) Abort(name_, "not one number: " + key);
  return numbers[0];
}

std::vector<float> RecordedCase::Floats(const std::string& key) const {
  std::vector<float> floats;
  for (const double number : Numbers(key)) {
    floats.push_back(static_cast<float>(number));
    if (static_cast<double>(floats.back()) != number) Abort(name_, "not a float in " + key);
  }
  return floats;
}

void RecordedCase::Parse(const std::string& key, google::protobuf::Message* message) const {
  if (!google::protobuf::TextFormat::ParseFromString(Text(key), message)) Abort(name_, "cannot parse " + key);
}

std::vector<RecordedCase> ReadRecording(const std::string& file_name) {
  const std::string path = std::string(BASIN_GOLDEN_DIR) + "/" + file_name;
  std::ifstream file(path);
  if (!file) Abort(path, "cannot be opened");
  std::vector<RecordedCase> cases;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (line.front() == '[' && line.back() == ']') {
      cases.emplace_back(line.substr(1, line.size() - 2));
      continue;
    }
    const size_t colon = line.find(": ");
    if (colon == std::string::npos || cases.empty()) Abort(path, "cannot read the line " + line);
    cases.back().Add(line.substr(0, colon), line.substr(colon + 2));
  }
  return cases;
}

}  // namespace basin::golden
