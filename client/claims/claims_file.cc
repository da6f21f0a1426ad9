#include "client/claims/claims_file.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/claims/field_names.h"
#include "client/spec/problem.h"
#include "client/spec/sweep_file.h"
#include "client/spec/yaml_tree.h"
#include "proto/contract/field_text.h"
#include "proto/contract/metric_names.h"

namespace basin::client::claims {
namespace {

using spec::Node;
using spec::Position;
using spec::Problem;

// Reads mappings with a fixed set of keys; mistakes are noted, and reading goes on.
class Reader {
 public:
  Reader(const ReadSweep& read_sweep, std::vector<Problem>* problems) : read_sweep_(read_sweep), problems_(problems) {}

  std::vector<Claim> Read(const Node& root) {
    std::vector<Claim> claims;
    if (!CheckKeys(root, "", {"claims"})) return claims;
    const Node* list = Required(root, "", "claims");
    if (list == nullptr || !IsList(*list, "claims")) return claims;
    std::set<uint64_t> numbers;
    for (size_t i = 0; i < list->items.size(); ++i) {
      const std::string path = absl::StrCat("claims[", i, "]");
      claims.push_back(ReadClaim(list->items[i], path));
      const Node* number = Find(list->items[i], "number");
      if (number != nullptr && claims.back().number > 0 && !numbers.insert(claims.back().number).second) {
        Fail(number->at, path + ".number", absl::StrCat("is ", claims.back().number, " a second time"));
      }
    }
    return claims;
  }

 private:
  void Fail(Position at, const std::string& path, std::string description) {
    problems_->push_back({at, path, std::move(description)});
  }

  static const Node* Find(const Node& map, const std::string& key) {
    for (const Node::Entry& entry : map.entries) {
      if (entry.key == key) return &entry.value;
    }
    return nullptr;
  }

  const Node* Required(const Node& map, const std::string& path, const std::string& key) {
    const Node* node = Find(map, key);
    if (node == nullptr && map.is_map()) {
      Fail(map.at, path.empty() ? key : absl::StrCat(path, ".", key), "is missing");
    }
    return node;
  }

  bool CheckKeys(const Node& node, const std::string& path, const std::vector<std::string>& keys) {
    if (!node.is_map()) {
      Fail(node.at, path, absl::StrCat("must be a mapping of ", absl::StrJoin(keys, ", "), ", is ", InWords(node)));
      return false;
    }
    for (const Node::Entry& entry : node.entries) {
      if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
      Fail(entry.at, path.empty() ? entry.key : absl::StrCat(path, ".", entry.key),
           absl::StrCat("is not a field here; those are ", absl::StrJoin(keys, ", "),
                        contract::DidYouMean(entry.key, keys)));
    }
    return true;
  }

  bool IsList(const Node& node, const std::string& path) {
    if (node.is_list() && !node.items.empty()) return true;
    Fail(node.at, path, absl::StrCat("must be a list of at least one, is ", InWords(node)));
    return false;
  }

  std::string Text(const Node* node, const std::string& path) {
    if (node == nullptr) return "";
    if (node->is_scalar() && !node->text.empty()) return node->text;
    Fail(node->at, path, absl::StrCat("must be a text, is ", InWords(*node)));
    return "";
  }

  // The word's place among `words`, or nothing after a mistake.
  std::optional<size_t> Word(const Node& node, const std::string& path, const std::vector<std::string>& words) {
    if (node.is_scalar()) {
      const auto at = std::find(words.begin(), words.end(), node.text);
      if (at != words.end()) return static_cast<size_t>(at - words.begin());
    }
    Fail(node.at, path,
         absl::StrCat("must be one of ", absl::StrJoin(words, ", "), "; is ", InWords(node),
                      contract::DidYouMean(node.text, words)));
    return std::nullopt;
  }

  Claim ReadClaim(const Node& node, const std::string& path) {
    Claim claim;
    if (!CheckKeys(node, path, {"number", "claim", "remark", "sweeps", "tests", "pictures"})) return claim;
    if (const Node* number = Required(node, path, "number")) {
      if (!number->is_scalar() || !absl::SimpleAtoi(number->text, &claim.number) || claim.number == 0) {
        Fail(number->at, path + ".number", absl::StrCat("must be a number from 1 on, is ", InWords(*number)));
        claim.number = 0;
      }
    }
    claim.sentence = Text(Required(node, path, "claim"), path + ".claim");
    claim.remark = Text(Find(node, "remark"), path + ".remark");
    const Node* sweeps = Required(node, path, "sweeps");
    if (sweeps == nullptr || !IsList(*sweeps, path + ".sweeps")) return claim;
    for (size_t i = 0; i < sweeps->items.size(); ++i) {
      const std::string place = absl::StrCat(path, ".sweeps[", i, "]");
      std::optional<ClaimSweep> sweep = LoadSweep(sweeps->items[i], place);
      if (!sweep) return claim;  // What is said of it cannot be checked.
      claim.sweeps.push_back(*std::move(sweep));
    }
    const Node* tests = Required(node, path, "tests");
    if (tests != nullptr && IsList(*tests, path + ".tests")) {
      for (size_t i = 0; i < tests->items.size(); ++i) {
        claim.tests.push_back(ReadTest(tests->items[i], absl::StrCat(path, ".tests[", i, "]"), claim));
      }
    }
    const Node* pictures = Find(node, "pictures");
    if (pictures != nullptr && IsList(*pictures, path + ".pictures")) {
      for (size_t i = 0; i < pictures->items.size(); ++i) {
        claim.pictures.push_back(ReadPicture(pictures->items[i], absl::StrCat(path, ".pictures[", i, "]"), claim));
      }
    }
    return claim;
  }

  std::optional<ClaimSweep> LoadSweep(const Node& node, const std::string& path) {
    ClaimSweep sweep{.file = Text(&node, path), .text = {}, .spec = {}, .space = nullptr};
    if (sweep.file.empty()) return std::nullopt;
    absl::StatusOr<std::string> text = read_sweep_(sweep.file);
    if (!text.ok()) {
      Fail(node.at, path, std::string(text.status().message()));
      return std::nullopt;
    }
    sweep.text = *std::move(text);
    absl::StatusOr<v1::SweepSpec> spec = spec::ParseSweepText(sweep.text, sweep.file);
    if (!spec.ok()) {
      Fail(node.at, path, std::string(spec.status().message()));
      return std::nullopt;
    }
    sweep.spec = *std::move(spec);
    auto space = contract::Space::Create(sweep.spec);
    if (!space.ok()) {
      Fail(node.at, path, std::string(space.status().message()));
      return std::nullopt;
    }
    sweep.space = *std::move(space);
    return sweep;
  }

  size_t ReadSweepName(const Node& node, const std::string& path, const Claim& claim) {
    const Node* name = Find(node, "sweep");
    std::vector<std::string> files;
    for (const ClaimSweep& sweep : claim.sweeps) files.push_back(sweep.file);
    if (name == nullptr) {
      if (files.size() > 1) Fail(node.at, path + ".sweep", "is missing, and the claim has several sweeps");
      return 0;
    }
    return Word(*name, path + ".sweep", files).value_or(0);
  }

  // One that the sweep has; its objective's when `node` is null.
  std::string ReadMetric(const Node* node, const std::string& path, const ClaimSweep& sweep) {
    if (node == nullptr) return ObjectiveOf(sweep.spec);
    std::vector<std::string> names = MetricsOf(sweep);
    const std::optional<size_t> at = Word(*node, path, names);
    return at ? names[*at] : "";
  }

  Selection ReadSelection(const Node* node, const std::string& path, const ClaimSweep& sweep) {
    Selection selection;
    if (node == nullptr) return selection;
    if (!node->is_map()) {
      Fail(node->at, path, absl::StrCat("must be a mapping of fields to values, is ", InWords(*node)));
      return selection;
    }
    for (const Node::Entry& entry : node->entries) {
      const std::string place = absl::StrCat(path, ".", entry.key);
      const absl::StatusOr<std::string> full = FindParam(sweep, entry.key);
      if (!full.ok()) {
        Fail(entry.at, place, std::string(full.status().message()));
        continue;
      }
      Condition condition{.path = *full, .name = entry.key, .values = {}};
      const std::vector<std::string> known = ValuesOf(sweep, *full);
      const std::vector<Node> one = {entry.value};
      for (const Node& value : entry.value.is_list() ? entry.value.items : one) {
        const auto same = std::find_if(known.begin(), known.end(),
                                       [&](const std::string& text) { return SameValue(text, value.text); });
        if (value.is_scalar() && same != known.end()) {
          condition.values.push_back(*same);
        } else {
          Fail(value.at, place,
               absl::StrCat("must be a value that the sweep has: ", absl::StrJoin(known, ", "), "; is ",
                            InWords(value)));
        }
      }
      selection.conditions.push_back(std::move(condition));
    }
    const bool none = !selection.conditions.empty() && ConfigsOf(sweep, selection).empty();
    if (none) Fail(node->at, path, "selects no config of the sweep");
    return selection;
  }

  Expectation ReadExpectation(const Node& node, const std::string& path) {
    Expectation expectation;
    if (!node.is_map()) {
      const auto word = Word(node, path, {"lower", "higher"});
      if (word == 1u) expectation.kind = Expectation::Kind::kHigher;
      return expectation;
    }
    expectation.kind = Expectation::Kind::kNoWorse;
    CheckKeys(node, path, {"no_worse_by"});
    const Node* margin = Required(node, path, "no_worse_by");
    if (margin != nullptr && (!absl::SimpleAtod(margin->text, &expectation.margin) || !(expectation.margin > 0))) {
      Fail(margin->at, path + ".no_worse_by", absl::StrCat("must be a number above 0, is ", InWords(*margin)));
    }
    return expectation;
  }

  Test ReadTest(const Node& node, const std::string& path, const Claim& claim) {
    Test test;
    if (!CheckKeys(node, path, {"says", "sweep", "measure", "metric", "of", "against", "against_metric", "expect"})) {
      return test;
    }
    test.says = Text(Required(node, path, "says"), path + ".says");
    test.sweep = ReadSweepName(node, path, claim);
    const ClaimSweep& sweep = claim.sweeps[test.sweep];
    if (const Node* measure = Find(node, "measure")) {
      const auto word = Word(*measure, path + ".measure", {"difference", "ratio", "spread", "rank_correlation"});
      test.measure = static_cast<Measure>(word.value_or(0));
    }
    test.metric = ReadMetric(Find(node, "metric"), path + ".metric", sweep);
    test.of = ReadSelection(Find(node, "of"), path + ".of", sweep);
    const Node* against = Find(node, "against");
    const Node* against_metric = Find(node, "against_metric");
    if ((against == nullptr) == (against_metric == nullptr)) {
      Fail(node.at, path, "must have one of against and against_metric");
    } else if (against == nullptr) {
      test.against_metric = ReadMetric(against_metric, path + ".against_metric", sweep);
    } else if (test.measure == Measure::kRankCorrelation) {
      Fail(against->at, path + ".against", "a rank correlation is of two metrics; expected against_metric");
    } else {
      test.against = ReadSelection(against, path + ".against", sweep);
    }
    if (const Node* expect = Required(node, path, "expect")) test.expect = ReadExpectation(*expect, path + ".expect");
    if (test.expect.kind == Expectation::Kind::kNoWorse && test.measure == Measure::kRankCorrelation) {
      Fail(node.at, path + ".expect", "of a rank correlation must be lower or higher, than 0");
    }
    return test;
  }

  Picture ReadPicture(const Node& node, const std::string& path, const Claim& claim) {
    Picture picture;
    if (!CheckKeys(node, path, {"kind", "title", "sweep", "metric", "against_metric", "of", "by", "logarithmic"})) {
      return picture;
    }
    if (const Node* kind = Required(node, path, "kind")) {
      const auto word = Word(*kind, path + ".kind", {"dots", "curves", "scatter", "planes"});
      picture.kind = static_cast<Picture::Kind>(word.value_or(0));
    }
    picture.title = Text(Required(node, path, "title"), path + ".title");
    picture.sweep = ReadSweepName(node, path, claim);
    const ClaimSweep& sweep = claim.sweeps[picture.sweep];
    picture.metric = ReadMetric(Find(node, "metric"), path + ".metric", sweep);
    if (picture.kind == Picture::Kind::kScatter) {
      if (const Node* other = Required(node, path, "against_metric")) {
        picture.against_metric = ReadMetric(other, path + ".against_metric", sweep);
      }
    } else if (const Node* other = Find(node, "against_metric")) {
      Fail(other->at, path + ".against_metric", "is of a scatter picture alone");
    }
    picture.of = ReadSelection(Find(node, "of"), path + ".of", sweep);
    if (const Node* logarithmic = Find(node, "logarithmic")) {
      picture.logarithmic = Word(*logarithmic, path + ".logarithmic", {"false", "true"}) == 1u;
    }
    const Node* by = Required(node, path, "by");
    if (by == nullptr || !IsList(*by, path + ".by")) return picture;
    for (const Node& field : by->items) {
      const absl::StatusOr<std::string> full = FindParam(sweep, field.text);
      if (full.ok()) {
        picture.by.push_back(*full);
      } else {
        Fail(field.at, path + ".by", std::string(full.status().message()));
      }
    }
    const bool plane = sweep.spec.base().analyze().has_loss_plane();
    if (picture.kind == Picture::Kind::kPlanes && !plane) Fail(node.at, path, "the sweep has no loss_plane");
    return picture;
  }

  const ReadSweep& read_sweep_;
  std::vector<Problem>* problems_;
};

}  // namespace

absl::StatusOr<std::vector<Claim>> ParseClaims(std::string_view text, const std::string& filename,
                                               const ReadSweep& read_sweep) {
  std::vector<Problem> problems;
  std::vector<Claim> claims;
  const std::optional<Node> root = spec::ParseYaml(text, &problems);
  if (root) claims = Reader(read_sweep, &problems).Read(*root);
  if (!problems.empty()) return spec::StatusOf(std::move(problems), filename);
  return claims;
}

}  // namespace basin::client::claims
