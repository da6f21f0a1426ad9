#include "client/spec/sweep_file.h"

#include <optional>
#include <vector>

#include "client/spec/problem.h"
#include "client/spec/small_file.h"
#include "client/spec/spec_builder.h"
#include "client/spec/yaml_tree.h"

namespace basin::client::spec {
absl::StatusOr<v1::SweepSpec> ParseSweepFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path);
  if (!text.ok()) return text.status();
  return ParseSweepText(*text, path);
}

absl::StatusOr<v1::SweepSpec> ParseSweepText(std::string_view text, const std::string& filename) {
  if (text.size() > kMaxFileBytes) return TooLargeFile(filename);
  std::vector<Problem> problems;
  const std::optional<Node> root = ParseYaml(text, &problems);
  if (!root.has_value() || root->is_null()) {
    if (problems.empty())
      problems.push_back(
          {{}, "", "is empty, must be a sweep: name, objective, seeds, and one of train, surface, analyze"});
    return StatusOf(std::move(problems), filename);
  }
  v1::SweepSpec spec = BuildSpec(*root, &problems);
  if (!problems.empty()) return StatusOf(std::move(problems), filename);
  return spec;
}

}  // namespace basin::client::spec
