#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "client/format/cell.h"
#include "client/format/color.h"

namespace basin::client::format {

enum class Format { kTable, kJson, kJsonLines, kCsv };

struct Column {
  // Where the column appears: a table may join what scripts want apart.
  enum class In { kAll, kTable, kData };

  std::string name;                    // The header in CSV, the key in JSON.
  std::string title = {};              // The table's heading; empty: `name` in upper case.
  std::vector<std::string> json = {};  // Keys from the row's object on, for nested objects; empty: {name}.
  In in = In::kAll;
  bool hide_blank = false;  // A table leaves the column away when every cell IsBlank.
  bool shrink = false;      // A table shortens its texts to fit the terminal.
  std::function<Color(const Cell&)> color = nullptr;
};

struct Look {
  bool color = false;
  size_t width = 0;  // Of the terminal, in cells; 0: no limit.
};

// Renders rows in one of the formats. JSON and CSV are written row by row, in constant memory; a table is written at
// Finish, since its columns are as wide as their widest cell. Not thread-safe.
class RowWriter {
 public:
  static std::unique_ptr<RowWriter> Create(Format format, std::vector<Column> columns, const Look& look,
                                           std::ostream* out);
  virtual ~RowWriter() = default;

  // REQUIRES: as many cells as columns.
  void Add(const std::vector<Cell>& row);
  // Ends the output; call once, after the last row.
  virtual void Finish() = 0;

 protected:
  explicit RowWriter(std::vector<Column> columns) : columns_(std::move(columns)) {}
  virtual void Write(const std::vector<Cell>& row) = 0;

  const std::vector<Column> columns_;
};

}  // namespace basin::client::format
