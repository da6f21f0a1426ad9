// Which component may include which: the arrows of CONTRIBUTING.md, held true by reading every include.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Include {
  std::string file;  // From the project's root.
  int line = 0;
  std::string target;  // As written.
};

bool StartsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

// "server/core/state.h" -> "server/core"; "worker/main.cc" -> "worker". proto/contract is one component with its
// sub-folders.
std::string ComponentOf(const std::string& file) {
  if (StartsWith(file, "proto/contract/")) return "proto/contract";
  const std::string folder = fs::path(file).parent_path().string();
  const size_t second = folder.find('/', folder.find('/') + 1);
  return second == std::string::npos ? folder : folder.substr(0, second);
}

std::vector<fs::path> SourceFiles(const std::vector<std::string>& tops = {"proto", "server", "worker", "client"}) {
  std::vector<fs::path> files;
  for (const std::string& top : tops) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / top)) {
      const std::string extension = entry.path().extension().string();
      if (entry.is_regular_file() && (extension == ".h" || extension == ".cc")) files.push_back(entry.path());
    }
  }
  return files;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<Include> IncludesOf(const std::string& file, const std::string& text) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re");
  std::vector<Include> includes;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) includes.push_back({file, number, match[1]});
  }
  return includes;
}

const std::vector<Include>& AllIncludes() {
  static const std::vector<Include>* all = [] {
    auto* includes = new std::vector<Include>;
    for (const fs::path& path : SourceFiles()) {
      const std::string file = fs::relative(path, SOURCE_DIR).string();
      for (Include& include : IncludesOf(file, ReadFile(path))) includes->push_back(std::move(include));
    }
    return includes;
  }();
  return *all;
}

// Component -> the components of ours that it may include, besides itself and proto/contract.
const std::map<std::string, std::set<std::string>>& Arrows() {
  static const auto* arrows = new std::map<std::string, std::set<std::string>>{
      {"proto/contract", {}},
      {"server/access", {}},
      {"server/core", {}},
      {"server/statistics", {}},
      {"server/store", {"server/core"}},
      {"server/runtime", {"server/core", "server/store"}},
      {"server/rpc", {"server/access", "server/core", "server/runtime", "server/statistics", "server/store"}},
      {"server/observe", {"server/core", "server/rpc", "server/runtime"}},
      {"server", {"server/access", "server/observe", "server/rpc", "server/runtime", "server/store"}},
      {"worker/train", {}},
      {"worker/surfaces", {}},
      {"worker/analysis", {"worker/train"}},
      {"worker/data", {"worker/train"}},
      {"worker/job", {"worker/analysis", "worker/data", "worker/surfaces", "worker/train"}},
      {"worker/agent", {"worker/data", "worker/job"}},
      {"worker", {"worker/agent", "worker/data", "worker/job"}},
      {"client/spec", {}},
      {"client/api", {}},
      {"client/format", {}},
      {"client/claims", {"client/format", "client/spec"}},
      {"client/cli", {"client/api", "client/claims", "client/format", "client/spec"}},
      {"client", {"client/cli"}},
  };
  return *arrows;
}

std::string Where(const Include& include) {
  return include.file + ":" + std::to_string(include.line) + " includes " + include.target;
}

std::vector<std::string> ArrowFaults(const std::vector<Include>& includes) {
  std::vector<std::string> faults;
  for (const Include& include : includes) {
    const bool ours = StartsWith(include.target, "server/") || StartsWith(include.target, "worker/") ||
                      StartsWith(include.target, "client/") || StartsWith(include.target, "proto/") ||
                      StartsWith(include.target, "tests/");
    if (!ours) continue;
    const std::string from = ComponentOf(include.file), to = ComponentOf(include.target);
    if (from == to || to == "proto/contract") continue;
    const auto allowed = Arrows().find(from);
    if (allowed == Arrows().end()) {
      faults.push_back(include.file + ": component " + from + " is not in the table of arrows");
    } else if (allowed->second.count(to) == 0) {
      faults.push_back(Where(include));
    }
  }
  return faults;
}

// Headers that do not belong in a pure component: I/O, threads, clocks, the network, the store.
std::vector<std::string> PurityFaults(const std::vector<Include>& includes, const std::set<std::string>& components) {
  static const std::regex impure(
      R"(^(grpc.*|sqlite3\.h|fstream|filesystem|iostream|cstdio|mutex|shared_mutex|thread|condition_variable|random|unistd\.h|fcntl\.h|sys/.*|spdlog/.*|absl/time/.*|absl/synchronization/.*|ctime|time\.h|CLI/.*|yaml-cpp/.*)$)");
  std::vector<std::string> faults;
  for (const Include& include : includes) {
    if (components.count(ComponentOf(include.file)) && std::regex_match(include.target, impure))
      faults.push_back(Where(include));
  }
  return faults;
}

TEST(IncludeArrowsTest, EveryIncludeFollowsAnArrow) { EXPECT_THAT(ArrowFaults(AllIncludes()), testing::IsEmpty()); }

TEST(IncludeArrowsTest, AnIncludeAgainstTheArrowsIsFound) {
  EXPECT_THAT(ArrowFaults({{"server/core/state.cc", 3, "server/store/store.h"}}), testing::SizeIs(1));
  EXPECT_THAT(ArrowFaults({{"client/api/sweeps.cc", 3, "server/core/state.h"}}), testing::SizeIs(1));
  EXPECT_THAT(ArrowFaults({{"server/novel/x.cc", 3, "server/core/state.h"}}), testing::SizeIs(1));
  EXPECT_THAT(ArrowFaults({{"server/store/x.cc", 3, "server/core/state.h"}}), testing::IsEmpty());
}

TEST(IncludeArrowsTest, PureComponentsIncludeNothingThatActs) {
  std::vector<Include> includes;
  for (const Include& include : AllIncludes()) {
    // The trainer's thread pool is given to it; it is the one place of its threads.
    if (!StartsWith(include.file, "worker/train/thread_pool")) includes.push_back(include);
  }
  EXPECT_THAT(PurityFaults(includes,
                           {"server/core", "server/statistics", "worker/analysis", "worker/surfaces", "worker/train"}),
              testing::IsEmpty());
}

TEST(IncludeArrowsTest, AnImpureIncludeIsFound) {
  EXPECT_THAT(PurityFaults({{"server/core/state.cc", 1, "mutex"}}, {"server/core"}), testing::SizeIs(1));
}

// Apart from what lies below SQLite: checksums of pages, the tests' disk that loses power, and databases as they were
// before.
TEST(IncludeArrowsTest, SqliteIsSpokenToInOnePlace) {
  std::vector<std::string> faults;
  for (const fs::path& path : SourceFiles({"proto", "server", "worker", "client", "tests"})) {
    const std::string file = fs::relative(path, SOURCE_DIR).string();
    if (StartsWith(file, "server/store/sqlite_db.") || StartsWith(file, "server/store/sqlite_db_") ||
        file == "server/store/page_checksums.cc")
      continue;
    if (file == "tests/server/store/crash_vfs.cc" || file == "tests/server/store/plain_database.cc") continue;
    for (const Include& include : IncludesOf(file, ReadFile(path))) {
      if (include.target == "sqlite3.h") faults.push_back(Where(include));
    }
  }
  EXPECT_THAT(faults, testing::IsEmpty());
}

TEST(IncludeArrowsTest, FlagsAreReadBesideMainAndInTheCommandTableAlone) {
  std::vector<std::string> faults;
  for (const Include& include : AllIncludes()) {
    const std::string component = ComponentOf(include.file);
    const bool main = component.find('/') == std::string::npos || component == "client/cli";
    if (StartsWith(include.target, "CLI/") && !main) faults.push_back(Where(include));
  }
  EXPECT_THAT(faults, testing::IsEmpty());
}

// Lines that read a real clock, by file.
TEST(IncludeArrowsTest, RealTimeIsReadInTheClockFilesAlone) {
  static const std::regex reads(
      R"((system_clock|steady_clock|high_resolution_clock)::now\(|clock_gettime\(|gettimeofday\(|absl::Now\()");
  std::vector<std::string> faults;
  for (const fs::path& path : SourceFiles()) {
    const std::string file = fs::relative(path, SOURCE_DIR).string();
    if (!StartsWith(file, "server/") && !StartsWith(file, "worker/")) continue;
    if (file == "server/runtime/system_clock.cc" || path.filename().string().find("clock") != std::string::npos)
      continue;
    if (std::regex_search(ReadFile(path), reads)) faults.push_back(file);
  }
  EXPECT_THAT(faults, testing::IsEmpty());
}

// Only these files speak SQL.
TEST(IncludeArrowsTest, SqlLivesInTheStoreAlone) {
  static const std::regex sql(R"re("\s*(SELECT|INSERT|UPDATE|DELETE FROM|CREATE TABLE|PRAGMA)\s)re");
  std::vector<std::string> faults;
  for (const fs::path& path : SourceFiles()) {
    const std::string file = fs::relative(path, SOURCE_DIR).string();
    if (!StartsWith(file, "server/store/") && !StartsWith(file, "client/") && std::regex_search(ReadFile(path), sql)) {
      faults.push_back(file);
    }
  }
  EXPECT_THAT(faults, testing::IsEmpty());
}

}  // namespace
