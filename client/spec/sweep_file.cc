#include "client/spec/sweep_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/spec/problem.h"
#include "client/spec/spec_builder.h"
#include "client/spec/yaml_tree.h"

namespace basin::client::spec {
namespace {

absl::Status TooLarge(const std::string& filename) {
  return absl::InvalidArgumentError(
      absl::StrCat(filename, ": is larger than a sweep file may be, ", kMaxFileBytes, " bytes"));
}

// Reads a regular file of at most kMaxFileBytes, and no more of a larger one.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const auto cannot_read = [&path] {
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  };
  // O_NONBLOCK: a pipe without a writer must not hang.
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return cannot_read();
  struct stat status;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file);
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  std::string text(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file, text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const absl::Status failure = cannot_read();
      close(file);
      return failure;
    }
    size += static_cast<size_t>(got);
  }
  close(file);
  if (size > kMaxFileBytes) return TooLarge(path);
  text.resize(size);
  return text;
}

absl::Status ToStatus(std::vector<Problem> problems, const std::string& filename) {
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

}  // namespace

absl::StatusOr<v1::SweepSpec> ParseSweepFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path);
  if (!text.ok()) return text.status();
  return ParseSweepText(*text, path);
}

absl::StatusOr<v1::SweepSpec> ParseSweepText(std::string_view text, const std::string& filename) {
  if (text.size() > kMaxFileBytes) return TooLarge(filename);
  std::vector<Problem> problems;
  const std::optional<Node> root = ParseYaml(text, &problems);
  if (!root.has_value() || root->is_null()) {
    if (problems.empty())
      problems.push_back(
          {{}, "", "is empty, must be a sweep: name, objective, seeds, and one of train, surface, analyze"});
    return ToStatus(std::move(problems), filename);
  }
  v1::SweepSpec spec = BuildSpec(*root, &problems);
  if (!problems.empty()) return ToStatus(std::move(problems), filename);
  return spec;
}

}  // namespace basin::client::spec
