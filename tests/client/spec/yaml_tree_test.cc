#include "client/spec/yaml_tree.h"

#include <string>

#include "gmock/gmock.h"

namespace basin::client::spec {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(YamlTreeTest, KeepsThePlaceOfEverything) {
  std::vector<Problem> problems;
  const auto root = ParseYaml("a: 1\nb:\n  - x\n  - {c: 'y'}\nd:\n", &problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_THAT(root->entries, SizeIs(3));
  EXPECT_EQ(root->entries[0].at, (Position{1, 1}));
  EXPECT_EQ(root->entries[0].value.at, (Position{1, 4}));
  const Node& list = root->entries[1].value;
  ASSERT_THAT(list.items, SizeIs(2));
  EXPECT_EQ(list.items[0].at, (Position{3, 5}));
  EXPECT_EQ(list.items[1].entries[0].value.at, (Position{4, 9}));
  EXPECT_TRUE(list.items[1].entries[0].value.quoted);
  EXPECT_FALSE(list.items[0].quoted);
  EXPECT_TRUE(root->entries[2].value.is_null());
  EXPECT_EQ(root->entries[2].value.at, (Position{5, 1}));
}

std::string Refusal(const std::string& text) {
  std::vector<Problem> problems;
  const auto root = ParseYaml(text, &problems);
  EXPECT_FALSE(root.has_value());
  if (problems.size() != 1) return "not one problem";
  return std::to_string(problems[0].at.line) + ":" + std::to_string(problems[0].at.column) + ": " +
         problems[0].description;
}

TEST(YamlTreeTest, AliasBombIsRefusedAtItsFirstAnchor) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    const char before = static_cast<char>(c - 1);
    bomb += std::string(1, c) + ": &" + c + " [*" + before;
    for (int i = 0; i < 8; ++i) bomb += std::string(", *") + before;
    bomb += "]\n";
  }
  EXPECT_EQ(Refusal(bomb), "1:4: anchors (&name) are not supported");
}

TEST(YamlTreeTest, RefusesWhatASweepFileDoesNotNeed) {
  const std::pair<std::string, const char*> cases[] = {
      {"a: !!binary aGVsbG8=", "1:4: the tag tag:yaml.org,2002:binary is not supported"},
      {"a: !x 3", "1:4: the tag !x is not supported"},
      {"a: 1\n---\nb: 2\n", "2:1: a second document begins here; one file holds one sweep"},
      {"? [a, b]\n: 1\n", "1:3: a key must be one word, not a list or mapping"},
      {std::string(200, '[') + std::string(200, ']'), "1:65: is nested too deeply, at most 64 levels are allowed"},
      {"a: \xFF", "1:4: is not valid UTF-8"},
      {"a: 1\nb: \xC3(", "2:4: is not valid UTF-8"},
      {"a: \xED\xA0\x80", "1:4: is not valid UTF-8"},
      {"a: \xC0\xAF", "1:4: is not valid UTF-8"},
      {std::string("a: x\0y", 6), "1:5: has a control character, 0x00"},
      {"a: \x1B[31m", "1:4: has a control character, 0x1b"},
      {"a: [1, 2\n", "2:1: is not valid YAML: end of sequence flow not found"},
  };
  for (const auto& [text, refusal] : cases) EXPECT_EQ(Refusal(text), refusal) << text;
}

TEST(YamlTreeTest, DuplicateKeyIsSaidWhereItStands) {
  std::vector<Problem> problems;
  const auto root = ParseYaml("a: 1\nb: 2\na: 3\n", &problems);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].at, (Position{3, 1}));
  EXPECT_EQ(problems[0].description, "duplicate key 'a', which line 1 has already");
  ASSERT_TRUE(root.has_value());
  EXPECT_THAT(root->entries, SizeIs(2));
}

TEST(YamlTreeTest, AMegabyteOfValuesIsBounded) {
  std::string text = "[";
  while (text.size() < (1 << 20) - 4) text += "1,";
  EXPECT_EQ(Refusal(text + "1]"), "1:500002: has more than 250000 values");
}

}  // namespace
}  // namespace basin::client::spec
