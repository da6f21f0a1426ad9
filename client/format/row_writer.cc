#include "client/format/row_writer.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "client/format/human.h"
#include "client/format/json.h"
#include "client/format/text_width.h"

namespace basin::client::format {
namespace {

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// How a column shows its real numbers: with the same decimals where all are of ordinary size, four or a few more for
// small ones, so that they can be compared by eye; else each with four significant digits.
class RealStyle {
 public:
  void See(double value) {
    const double size = std::fabs(value);
    if (!std::isfinite(size) || size == 0) return;
    least_ = std::min(least_, size);
    most_ = std::max(most_, size);
    whole_ = whole_ && size == std::floor(size);
  }
  std::string Show(double value) const {
    if (!std::isfinite(value) || least_ < 1e-5 || most_ >= 1e5) return HumanReal(value);
    const int decimals = whole_ ? 0 : least_ >= 1e-3 ? 4 : least_ >= 1e-4 ? 5 : 6;
    char buffer[64];
    std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
    return buffer;
  }

 private:
  double least_ = 1;
  double most_ = 1;
  bool whole_ = true;
};

std::string HumanText(const Cell& cell, const RealStyle& style) {
  if (std::holds_alternative<std::monostate>(cell)) return "-";
  if (const auto* real = std::get_if<double>(&cell)) return style.Show(*real);
  if (const auto* time = std::get_if<Time>(&cell)) return LocalTime(time->unix_seconds);
  if (const auto* seconds = std::get_if<Seconds>(&cell)) return HumanDuration(seconds->value);
  if (const auto* bytes = std::get_if<Bytes>(&cell)) return HumanBytes(bytes->value);
  return Printable(PlainOf(cell));
}

class TableWriter : public RowWriter {
 public:
  TableWriter(std::vector<Column> columns, const Look& look, std::ostream* out)
      : RowWriter(std::move(columns)), look_(look), out_(*out) {}

  void Finish() override {
    std::vector<Shown> shown;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      if (column.in == Column::In::kData) continue;
      const bool blank = std::all_of(rows_.begin(), rows_.end(), [&](const auto& row) { return IsBlank(row[i]); });
      if (column.hide_blank && blank) continue;
      shown.push_back(Lay(i));
    }
    Fit(&shown);
    PrintLine(shown, 0);
    for (size_t row = 0; row < rows_.size(); ++row) PrintLine(shown, row + 1);
  }

 private:
  // A column as it will be printed: its heading, then its cells.
  struct Shown {
    size_t index;
    bool right = false;
    std::vector<std::string> texts = {};
    size_t width = 0;
  };

  void Write(const std::vector<Cell>& row) override { rows_.push_back(row); }

  Shown Lay(size_t i) const {
    Shown shown{.index = i};
    RealStyle style;
    bool numeric = true, any = false;
    for (const auto& row : rows_) {
      if (const auto* real = std::get_if<double>(&row[i])) style.See(*real);
      if (std::holds_alternative<std::monostate>(row[i])) continue;
      any = true;
      numeric = numeric && IsNumeric(row[i]);
    }
    shown.right = any && numeric;
    const Column& column = columns_[i];
    shown.texts.push_back(column.title.empty() ? Upper(column.name) : column.title);
    for (const auto& row : rows_) shown.texts.push_back(HumanText(row[i], style));
    for (const std::string& text : shown.texts) shown.width = std::max(shown.width, TextWidth(text));
    return shown;
  }

  // Takes what is too much for the terminal from the columns that may shrink, the widest first.
  void Fit(std::vector<Shown>* shown) const {
    constexpr size_t kLeast = 8;
    while (look_.width > 0) {
      size_t total = 0;
      Shown* widest = nullptr;
      for (Shown& s : *shown) {
        total += s.width + 2;
        if (columns_[s.index].shrink && s.width > kLeast && (widest == nullptr || s.width > widest->width)) widest = &s;
      }
      if (total <= look_.width + 2 || widest == nullptr) return;
      --widest->width;
    }
  }

  void PrintLine(const std::vector<Shown>& shown, size_t line) {
    std::string out;
    for (size_t i = 0; i < shown.size(); ++i) {
      const Shown& column = shown[i];
      const std::string text = Shorten(column.texts[line], column.width);
      const std::string pad(column.width - TextWidth(text), ' ');
      const bool last = i + 1 == shown.size();
      if (column.right) out += pad;
      out += look_.color ? Paint(text, ColorOf(column.index, line)) : text;
      if (!column.right && !last) out += pad;
      if (!last) out += "  ";
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out_ << out << '\n';
  }

  Color ColorOf(size_t column, size_t line) const {
    if (line == 0) return Color::kBold;
    return columns_[column].color ? columns_[column].color(rows_[line - 1][column]) : Color::kNone;
  }

  const Look look_;
  std::ostream& out_;
  std::vector<std::vector<Cell>> rows_;
};

class JsonWriter : public RowWriter {
 public:
  JsonWriter(std::vector<Column> columns, bool lines, std::ostream* out)
      : RowWriter(std::move(columns)), lines_(lines), out_(*out) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].in == Column::In::kTable) continue;
      Node* node = &root_;
      if (columns_[i].json.empty()) {
        node = Child(node, columns_[i].name);
      } else {
        for (const std::string& key : columns_[i].json) node = Child(node, key);
      }
      node->column = i;
    }
  }

  void Finish() override {
    if (!lines_) out_ << (any_ ? "\n]\n" : "[]\n");
  }

 private:
  struct Node {
    std::string key;
    size_t column = 0;  // Of a leaf.
    std::vector<std::unique_ptr<Node>> children;
  };

  static Node* Child(Node* parent, const std::string& key) {
    for (auto& child : parent->children) {
      if (child->key == key) return child.get();
    }
    parent->children.push_back(std::make_unique<Node>());
    parent->children.back()->key = key;
    return parent->children.back().get();
  }

  void Write(const std::vector<Cell>& row) override {
    if (!lines_) out_ << (any_ ? ",\n  " : "[\n  ");
    any_ = true;
    WriteNode(root_, row);
    if (lines_) out_ << '\n';
  }

  void WriteNode(const Node& node, const std::vector<Cell>& row) {
    if (node.children.empty() && &node != &root_) {
      out_ << JsonOf(row[node.column]);
      return;
    }
    out_ << '{';
    bool first = true;
    for (const auto& child : node.children) {
      if (!first) out_ << ", ";
      first = false;
      out_ << JsonString(child->key) << ": ";
      WriteNode(*child, row);
    }
    out_ << '}';
  }

  const bool lines_;
  std::ostream& out_;
  Node root_;
  bool any_ = false;
};

class CsvWriter : public RowWriter {
 public:
  CsvWriter(std::vector<Column> columns, std::ostream* out) : RowWriter(std::move(columns)), out_(*out) {
    std::vector<std::string> header;
    for (const Column& column : columns_) header.push_back(column.name);
    Line(header);
  }

  void Finish() override {}

 private:
  void Write(const std::vector<Cell>& row) override {
    std::vector<std::string> fields;
    for (const Cell& cell : row) fields.push_back(PlainOf(cell));
    Line(fields);
  }

  void Line(const std::vector<std::string>& fields) {
    bool first = true;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (columns_[i].in == Column::In::kTable) continue;
      if (!first) out_ << ',';
      first = false;
      out_ << Quote(fields[i]);
    }
    out_ << '\n';
  }

  static std::string Quote(const std::string& field) {
    if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
    std::string out = "\"";
    for (char c : field) {
      if (c == '"') out += '"';
      out += c;
    }
    return out + "\"";
  }

  std::ostream& out_;
};

}  // namespace

std::unique_ptr<RowWriter> RowWriter::Create(Format format, std::vector<Column> columns, const Look& look,
                                             std::ostream* out) {
  switch (format) {
    case Format::kTable:
      return std::make_unique<TableWriter>(std::move(columns), look, out);
    case Format::kJson:
      return std::make_unique<JsonWriter>(std::move(columns), false, out);
    case Format::kJsonLines:
      return std::make_unique<JsonWriter>(std::move(columns), true, out);
    case Format::kCsv:
      return std::make_unique<CsvWriter>(std::move(columns), out);
  }
  std::abort();
}

void RowWriter::Add(const std::vector<Cell>& row) {
  if (row.size() != columns_.size()) {
    std::fprintf(stderr, "a row of %zu cells for %zu columns\n", row.size(), columns_.size());
    std::abort();
  }
  Write(row);
}

}  // namespace basin::client::format
