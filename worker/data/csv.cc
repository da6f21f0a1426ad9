#include "worker/data/csv.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "worker/data/labels.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {
namespace {

constexpr size_t kMaxColumns = 1 << 20;

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// A cell as a message shows it: quoted, escaped and short.
std::string Shown(std::string_view cell) {
  constexpr size_t kLongest = 40;
  const bool cut = cell.size() > kLongest;
  return absl::StrCat("\"", absl::CHexEscape(Absl(cell.substr(0, kLongest))), cut ? "...\"" : "\"");
}

std::optional<int64_t> WholeNumber(const std::string& cell) {
  int64_t value = 0;
  if (absl::SimpleAtoi(cell, &value)) return value;
  return std::nullopt;
}

bool IsNumber(std::string_view cell) {
  float value = 0;
  return absl::SimpleAtof(Absl(cell), &value);
}

// The rows of one file while they are read.
class Table {
 public:
  explicit Table(const std::string& file) : file_(file) {}

  // Takes the next line, without its end.
  absl::Status AddLine(std::string_view line) {
    ++line_;
    if (absl::Status split = Split(line); !split.ok()) return split;
    if (columns_ == 0) {
      columns_ = cells_.size();
      if (columns_ < 2) return Fault(0, "the table needs features and a class, separated by commas");
      if (std::none_of(cells_.begin(), cells_.end() - 1, IsNumber)) return absl::OkStatus();  // The header.
    }
    if (cells_.size() != columns_) {
      return Fault(0, absl::StrCat("the row has ", cells_.size(), " columns, the first one has ", columns_));
    }
    for (size_t i = 0; i + 1 < columns_; ++i) {
      if (absl::Status added = AddFeature(i + 1, cells_[i]); !added.ok()) return added;
    }
    return AddLabel(std::string(cells_.back()));
  }

  absl::StatusOr<RawDataset> Finish() {
    DropHeaderOfNumbers();
    if (labels_.empty()) return Damaged(file_, "has no rows");
    const std::vector<int32_t> classes = SortedClasses();
    RawDataset dataset;
    dataset.feature_count = static_cast<int32_t>(columns_ - 1);
    dataset.classes = classes.empty() ? 0 : *std::max_element(classes.begin(), classes.end()) + 1;
    if (dataset.classes < 2) {
      return Damaged(file_, absl::StrCat("the last column holds one class only, ", Shown(words_[0])));
    }
    for (int32_t& label : labels_) label = classes[static_cast<size_t>(label)];
    dataset.train.features = std::move(features_);
    dataset.train.labels = std::move(labels_);
    return dataset;
  }

 private:
  absl::Status Fault(size_t column, const std::string& what) const {
    return Damaged(file_,
                   absl::StrCat("line ", line_, column == 0 ? "" : absl::StrCat(", column ", column), ": ", what));
  }

  // Fills cells_.
  absl::Status Split(std::string_view line) {
    cells_.clear();
    if (Trim(line).empty()) return Fault(0, "the row is empty");
    for (;;) {
      line = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
      const bool quoted = !line.empty() && line[0] == '"';
      const size_t quote = quoted ? line.find('"', 1) : 0;
      if (quote == std::string_view::npos) return Fault(cells_.size() + 1, "a quotation mark is not closed");
      const size_t comma = line.find(',', quote);
      const std::string_view cell = Trim(line.substr(0, comma));
      if (quoted && quote + 1 != cell.size()) {
        return Fault(cells_.size() + 1, "something follows the closing quotation mark");
      }
      cells_.push_back(quoted ? cell.substr(1, cell.size() - 2) : cell);
      if (cells_.size() > kMaxColumns) return Fault(0, absl::StrCat("more than ", kMaxColumns, " columns"));
      if (comma == std::string_view::npos) return absl::OkStatus();
      line.remove_prefix(comma + 1);
    }
  }

  absl::Status AddFeature(size_t column, std::string_view cell) {
    float value = 0;
    if (cell.empty()) return Fault(column, "the cell is empty");
    if (!absl::SimpleAtof(Absl(cell), &value)) return Fault(column, absl::StrCat(Shown(cell), " is not a number"));
    if (!std::isfinite(value)) {
      return Fault(column, absl::StrCat(Shown(cell), " is not a finite number of a 32-bit float's range"));
    }
    features_.push_back(value);
    return absl::OkStatus();
  }

  absl::Status AddLabel(const std::string& word) {
    if (word.empty()) return Fault(columns_, "the cell is empty");
    const auto [place, inserted] = ids_.try_emplace(word, static_cast<int32_t>(words_.size()));
    if (inserted) {
      if (words_.size() == static_cast<size_t>(kMaxClasses)) {
        return Fault(columns_, absl::StrCat("more than ", kMaxClasses, " classes; the last column holds the class"));
      }
      words_.push_back(word);
    }
    labels_.push_back(place->second);
    return absl::OkStatus();
  }

  // A header such as 0,1,2,class looks like a row, until all labels below turn out to be whole numbers.
  void DropHeaderOfNumbers() {
    if (words_.size() < 2 || WholeNumber(words_[0])) return;
    if (!std::all_of(words_.begin() + 1, words_.end(), WholeNumber)) return;
    if (std::count(labels_.begin(), labels_.end(), 0) != 1) return;
    features_.erase(features_.begin(), features_.begin() + static_cast<std::ptrdiff_t>(columns_ - 1));
    labels_.erase(labels_.begin());
    for (int32_t& label : labels_) --label;
    words_.erase(words_.begin());
  }

  // For each word in order of appearance, the number of its class.
  std::vector<int32_t> SortedClasses() const {
    std::vector<int32_t> classes(words_.size());
    if (std::all_of(words_.begin(), words_.end(), WholeNumber)) {
      std::map<int64_t, int32_t> by_value;  // 1 and 01 are one class.
      for (const std::string& word : words_) by_value[*WholeNumber(word)] = 0;
      int32_t next = 0;
      for (auto& [value, number] : by_value) number = next++;
      for (size_t i = 0; i < words_.size(); ++i) classes[i] = by_value[*WholeNumber(words_[i])];
      return classes;
    }
    std::vector<size_t> order(words_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return words_[a] < words_[b]; });
    for (size_t i = 0; i < order.size(); ++i) classes[order[i]] = static_cast<int32_t>(i);
    return classes;
  }

  const std::string& file_;
  uint64_t line_ = 0;
  size_t columns_ = 0;
  std::vector<std::string_view> cells_;  // Of the current line.
  std::vector<float> features_;
  std::vector<int32_t> labels_;  // Indices into words_.
  std::vector<std::string> words_;
  std::unordered_map<std::string, int32_t> ids_;
};

}  // namespace

absl::StatusOr<RawDataset> LoadCsv(std::string_view text, const std::string& file) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  Table table(file);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (absl::Status added = table.AddLine(line); !added.ok()) return added;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return table.Finish();
}

}  // namespace basin::worker::data
