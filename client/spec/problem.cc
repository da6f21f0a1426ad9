#include "client/spec/problem.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace basin::client::spec {

absl::Status StatusOf(std::vector<Problem> problems, const std::string& filename) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) { return a.at < b.at; });
  std::vector<std::string> lines;
  for (const Problem& problem : problems) {
    if (lines.size() == kMaxProblems) {
      lines.push_back(absl::StrCat(filename, ": and ", problems.size() - kMaxProblems, " more"));
      break;
    }
    std::string text =
        problem.path.empty() ? problem.description : absl::StrCat(problem.path, ": ", problem.description);
    // One line each, whatever the file's own words hold.
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    lines.push_back(absl::StrCat(filename, ":", problem.at.line, ":", problem.at.column, ": ", text));
  }
  return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
}

}  // namespace basin::client::spec
