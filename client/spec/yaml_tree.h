#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/spec/problem.h"

namespace basin::client::spec {

// A YAML document (JSON is YAML, too) with the place of everything in it. Scalars stay text: what they mean is known
// only by the field that they are for, so that `no` or `1e3` is never guessed at.
struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  Position at;
  std::string text;     // Of a scalar.
  bool quoted = false;  // The scalar is text for sure: quoted, or tagged !!str.
  std::vector<Node> items;
  std::vector<Entry> entries;  // In the file's order; keys are distinct.

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_null() const { return kind == Kind::kNull; }
};

struct Node::Entry {
  std::string key;
  Position at;  // Of the key.
  Node value;
};

// Parses the one document in `text`. Refused, each with a problem: text that is not UTF-8 or has control characters,
// aliases and anchors (an alias bomb cannot even begin), tags, merge keys, several documents, duplicate keys, more than
// kMaxDepth levels or kMaxNodes nodes. Time and memory are bounded by the size of the text. Nothing is returned only
// when there is no tree at all; duplicate keys leave one.
inline constexpr int kMaxDepth = 64;
inline constexpr int kMaxNodes = 250'000;
std::optional<Node> ParseYaml(std::string_view text, std::vector<Problem>* problems);

// A node in words, for "is ...": `'abc'`, `a list`, `empty`.
std::string InWords(const Node& node);

}  // namespace basin::client::spec
