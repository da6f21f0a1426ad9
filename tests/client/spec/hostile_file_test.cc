// Files made to hurt: each is answered, soon, with no crash.

#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "client/spec/sweep_file.h"
#include "gmock/gmock.h"

namespace basin::client::spec {
namespace {

std::string Repeated(const std::string& piece, size_t bytes) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

TEST(HostileFileTest, AMegabyteOfAnythingIsRefusedSoon) {
  const char* pieces[] = {
      "[",   "{",   "- ",    "? ",   "a: {",           "a: [{", ": ",    "\"",         "'", "# x\n", "a: b\n", "!!str ",
      "&a ", "*a ", "- x\n", "|\n ", "a: {$values: [", "{a: ",  "---\n", "%TAG ! x\n", ",", "]",     "}",      "\t",
      "a\n", "\\",  "a:\n",  "x, "};
  for (const char* piece : pieces) {
    for (const char* head : {"", "train: {batch_size: {$values: ["}) {
      const std::clock_t start = std::clock();  // Of this process: other load does not count.
      EXPECT_FALSE(ParseSweepText(head + Repeated(piece, (1 << 20) - 100), "f").ok());
      EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 20) << head << piece;
    }
  }
}

TEST(HostileFileTest, MistakesInEveryValueAreCounted) {
  const auto spec = ParseSweepText("train: {batch_size: {$values: [" + Repeated("x,", 200000) + "x]}}", "f");
  const std::string message(spec.status().message());
  EXPECT_THAT(message, testing::HasSubstr("f: and "));
  EXPECT_LT(message.size(), 10000u);
}

TEST(HostileFileTest, MutatedFilesNeverCrash) {
  const std::string good = R"(name: digits
objective: {minimize: val_loss}
seeds: [7, 11]
train:
  dataset: {name: digits}
  model: {mlp: {hidden: [{$values: [16, 64]}, 8]}}
  epochs: 30
  batch_size: {$values: [16, full]}
  learning_rate: {$log_uniform: [1.0e-3, 1.0], points: 5}
  schedule:
    $choice:
      - constant
      - warmup: {epochs: 1, then: {$values: [cosine, {exponential: {gamma: {$uniform: [0.5, 0.9], step: 0.1}}}]}}
)";
  const char* pieces[] = {
      "$",     "{", "}", "[",  "]",  ":",  " ",    "\n",           "-1",     "0",    "1e9",    "null", "$choice",
      "train", "'", "~", "[]", "{}", "- ", ".inf", "999999999999", "epochs", "sgdr", "hidden", ", "};
  std::mt19937 random(1);
  const auto below = [&random](size_t bound) { return random() % bound; };
  int valid = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = good;
    for (size_t edits = 1 + below(4); edits > 0; --edits) {
      const size_t at = below(text.size());
      switch (below(3)) {
        case 0:
          text.erase(at, 1 + below(12));
          break;
        case 1:
          text.insert(at, pieces[below(std::size(pieces))]);
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(40)));
      }
      if (text.empty()) text = " ";
    }
    const auto spec = ParseSweepText(text, "f");
    valid += spec.ok();
    if (!spec.ok()) {
      EXPECT_THAT(std::string(spec.status().message()), testing::StartsWith("f:")) << text;
    }
  }
  EXPECT_GT(valid, 25);
  EXPECT_LT(valid, 4750);
}

}  // namespace
}  // namespace basin::client::spec
