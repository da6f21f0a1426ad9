// Every test that tests/promises.md names as a proof exists.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What `pattern`'s two groups match in `text`, with a dot between.
std::set<std::string> NamesIn(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator(); ++match) {
    names.insert((*match)[1].str() + "." + (*match)[2].str());
  }
  return names;
}

std::set<std::string> Tests() {
  static const std::regex pattern(R"(\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\))");
  std::set<std::string> tests;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / "tests")) {
    if (entry.path().extension() == ".cc") tests.merge(NamesIn(ReadFile(entry.path()), pattern));
  }
  return tests;
}

std::vector<std::string> Unproven(const std::string& promises) {
  static const std::regex pattern(R"(`([A-Z]\w+)\.([A-Z]\w+)`)");
  const std::set<std::string> tests = Tests();
  std::vector<std::string> missing;
  for (const std::string& name : NamesIn(promises, pattern)) {
    if (!tests.contains(name)) missing.push_back(name);
  }
  return missing;
}

TEST(PromisesTest, EveryProofExists) {
  const std::string promises = ReadFile(fs::path(SOURCE_DIR) / "tests" / "promises.md");
  ASSERT_NE(promises.find("`CrashTest."), std::string::npos);
  EXPECT_THAT(Unproven(promises), testing::IsEmpty());
}

TEST(PromisesTest, AProofThatIsGoneIsFound) {
  EXPECT_THAT(Unproven("as `NoSuite.NoTest` shows, and `PromisesTest.EveryProofExists`"),
              testing::ElementsAre("NoSuite.NoTest"));
}

}  // namespace
