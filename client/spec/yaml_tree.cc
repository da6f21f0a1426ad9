#include "client/spec/yaml_tree.h"

#include <sstream>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace basin::client::spec {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

Position At(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Leaves the parser; caught in ParseYaml.
struct Refusal {
  Problem problem;
};

[[noreturn]] void Refuse(Position at, std::string description) { throw Refusal{{at, "", std::move(description)}}; }

// Builds the tree from the parser's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::vector<Problem>* problems) : problems_(problems) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Refuse(At(mark), "a second document begins here; one file holds one sweep");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Node node;
    // The mark of nothing is that of what follows; people look for it at its key.
    node.at = stack_.empty() || !stack_.back().has_key ? At(mark) : stack_.back().key_at;
    Place(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(At(mark), "aliases (*name) are not supported");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    Node node;
    node.kind = Node::Kind::kScalar;
    node.at = At(mark);
    node.text = value;
    node.quoted = tag == "!" || Name(tag) == "str";
    const std::string_view name = Name(tag);
    if (!(tag.empty() || tag == "?" || tag == "!" || name == "str" || name == "int" || name == "float" ||
          name == "bool" || name == "null")) {
      Refuse(node.at, absl::StrCat("the tag ", tag.substr(0, 64), " is not supported"));
    }
    Place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Node::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

  std::optional<Node> TakeRoot() { return std::move(root_); }

 private:
  // A list or map that is not closed yet.
  struct Open_ {
    Node node;
    bool has_key = false;
    bool key_is_duplicate = false;
    std::string key;
    Position key_at;
    std::unordered_map<std::string, Position> keys;
  };

  static std::string_view Name(const std::string& tag) {
    const std::string_view view(tag);
    return view.starts_with(kTagPrefix) ? view.substr(kTagPrefix.size()) : std::string_view();
  }

  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) Refuse(At(mark), "anchors (&name) are not supported");
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    RefuseAnchor(mark, anchor);
    const std::string_view name = Name(tag);
    if (!(tag.empty() || tag == "?" || tag == "!" || name == "map" || name == "seq")) {
      Refuse(At(mark), absl::StrCat("the tag ", tag.substr(0, 64), " is not supported"));
    }
    if (stack_.size() >= kMaxDepth) {
      Refuse(At(mark), absl::StrCat("is nested too deeply, at most ", kMaxDepth, " levels are allowed"));
    }
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().has_key) {
      Refuse(At(mark), "a key must be one word, not a list or mapping");
    }
    Open_ open;
    open.node.kind = kind;
    open.node.at = At(mark);
    stack_.push_back(std::move(open));
  }

  void Close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    Place(std::move(node));
  }

  void Place(Node node) {
    if (++nodes_ > kMaxNodes) Refuse(node.at, absl::StrCat("has more than ", kMaxNodes, " values"));
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open_& parent = stack_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      TakeKey(std::move(node), &parent);
    } else {
      if (!parent.key_is_duplicate) parent.node.entries.push_back({parent.key, parent.key_at, std::move(node)});
      parent.has_key = false;
    }
  }

  void TakeKey(Node node, Open_* parent) {
    if (!node.is_scalar()) Refuse(node.at, "a key is missing");
    const auto [first, added] = parent->keys.try_emplace(node.text, node.at);
    if (!added) {
      problems_->push_back({node.at, "",
                            absl::StrCat("duplicate key '", node.text.substr(0, 64), "', which line ",
                                         first->second.line, " has already")});
    }
    parent->has_key = true;
    parent->key_is_duplicate = !added;
    parent->key = std::move(node.text);
    parent->key_at = node.at;
  }

  std::vector<Problem>* problems_;
  std::vector<Open_> stack_;
  std::optional<Node> root_;
  int documents_ = 0;
  int nodes_ = 0;
};

// Length of the UTF-8 character that `text` begins with; 0 if there is none.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is beyond the last code point.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) || (lead == 0xF0 && byte(1) < 0x90) ||
      (lead == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return length;
}

// The first byte that no text has.
std::optional<Problem> FindBadByte(std::string_view text) {
  Position at;
  size_t i = 0;
  while (i < text.size()) {
    const size_t length = CharacterLength(text.substr(i));
    if (length == 0) return Problem{at, "", "is not valid UTF-8"};
    const unsigned char byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) {
      return Problem{at, "", absl::StrCat("has a control character, 0x", absl::Hex(byte, absl::kZeroPad2))};
    }
    at = byte == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
    i += length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Node> ParseYaml(std::string_view text, std::vector<Problem>* problems) {
  if (std::optional<Problem> bad = FindBadByte(text); bad.has_value()) {
    problems->push_back(*std::move(bad));
    return std::nullopt;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(problems);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const Refusal& refusal) {
    problems->push_back(refusal.problem);
  } catch (const YAML::Exception& error) {
    problems->push_back({error.mark.is_null() ? Position() : At(error.mark), "", "is not valid YAML: " + error.msg});
  }
  return std::nullopt;
}

std::string InWords(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "empty";
    case Node::Kind::kScalar:
      return absl::StrCat("'", node.text.substr(0, 64), node.text.size() > 64 ? "...'" : "'");
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a mapping";
  }
  return "";
}

}  // namespace basin::client::spec
