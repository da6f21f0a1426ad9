#include "client/spec/source_map.h"

#include <utility>

namespace basin::client::spec {
namespace {

bool LiesIn(const std::string& path, const std::string& ancestor) {
  if (!path.starts_with(ancestor)) return false;
  return path.size() == ancestor.size() || path[ancestor.size()] == '.' || path[ancestor.size()] == '[';
}

}  // namespace

bool SourceMap::FollowsFromFailure(const std::string& spec_path) const {
  for (const std::string& failed : failed_) {
    if (LiesIn(spec_path, failed) || LiesIn(failed, spec_path)) return true;
  }
  return false;
}

Problem SourceMap::Locate(const std::string& spec_path, std::string description) const {
  std::string known = spec_path;
  while (true) {
    const auto found = sources_.find(known);
    if (found != sources_.end()) {
      const Source& source = found->second;
      if (known.size() == spec_path.size()) return {source.value, source.path, std::move(description)};
      std::string rest = spec_path.substr(known.size());
      if (source.path.empty() && rest.starts_with('.')) rest.erase(0, 1);
      return {source.key, source.path + rest, std::move(description)};
    }
    const size_t end = known.find_last_of(".[");
    if (known.empty()) return {{}, spec_path, std::move(description)};
    known.resize(end == std::string::npos ? 0 : end);
  }
}

}  // namespace basin::client::spec
