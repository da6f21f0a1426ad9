#include "client/cli/param_names.h"

#include <algorithm>

#include "proto/contract/field_path.h"

namespace basin::client::cli {
namespace {

bool EndsWithPart(const std::string& path, const std::string& end) {
  return path == end || (path.size() > end.size() && path.ends_with(end) && path[path.size() - end.size() - 1] == '.');
}

}  // namespace

std::vector<std::string> ShortNames(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    std::string name = path;
    size_t dot = path.rfind('.');
    while (dot != std::string::npos) {
      const std::string end = path.substr(dot + 1);
      const auto same = std::count_if(paths.begin(), paths.end(), [&](const auto& p) { return EndsWithPart(p, end); });
      if (same == 1) {
        name = end;
        break;
      }
      dot = dot == 0 ? std::string::npos : path.rfind('.', dot - 1);
    }
    names.push_back(name);
  }
  return names;
}

std::string ParamsText(const std::vector<v1::Param>& params, const std::vector<std::string>& all_paths) {
  const std::vector<std::string> names = ShortNames(all_paths);
  std::string out;
  for (const v1::Param& param : params) {
    const auto at = std::find(all_paths.begin(), all_paths.end(), param.path());
    if (!out.empty()) out += ' ';
    out += (at == all_paths.end() ? param.path() : names[at - all_paths.begin()]) + "=" +
           contract::FormatValue(param.value());
  }
  return out;
}

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> pieces;
  std::string piece;
  int depth = 0;
  const auto end_piece = [&] {
    const size_t first = piece.find_first_not_of(' ');
    if (first != std::string::npos) pieces.push_back(piece.substr(first, piece.find_last_not_of(' ') - first + 1));
    piece.clear();
  };
  for (const char c : text) {
    if (c == '(' || c == '[') ++depth;
    if ((c == ')' || c == ']') && depth > 0) --depth;
    if (c == ',' && depth == 0) {
      end_piece();
    } else {
      piece += c;
    }
  }
  end_piece();
  return pieces;
}

}  // namespace basin::client::cli
