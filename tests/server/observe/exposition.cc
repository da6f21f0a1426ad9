#include "tests/server/observe/exposition.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>

namespace basin::server::observe {
namespace {

std::string FamilyOf(const std::string& name, const std::map<std::string, std::string>& types) {
  if (types.contains(name)) return name;
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const auto family = types.find(name.substr(0, name.size() - suffix.size()));
    if (family != types.end() && family->second == "histogram") return family->first;
  }
  return "";
}

// `a="x",b="y"` with the labels sorted, and without `le`, whose value goes to *bound.
std::string Sorted(const std::string& labels, std::string* bound) {
  static const std::regex label(R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)")re");
  std::set<std::string> found;
  for (std::sregex_iterator match(labels.begin(), labels.end(), label), end; match != end; ++match) {
    if ((*match)[1] == "le") {
      *bound = (*match)[2];
    } else {
      found.insert((*match)[0]);
    }
  }
  std::string text;
  for (const std::string& one : found) text += (text.empty() ? "" : ",") + one;
  return text;
}

}  // namespace

double Exposition::operator[](const std::string& sample) const {
  const auto found = samples.find(sample);
  return found == samples.end() ? 0 : found->second;
}

Exposition ParseExposition(const std::string& text) {
  static const std::regex type_line(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped))");
  static const std::regex help_line(R"(# HELP [a-zA-Z_:][a-zA-Z0-9_:]* .*)");
  static const std::regex sample_line(R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+0-9.eE]+|NaN|[-+]Inf))");
  Exposition result;
  std::map<std::string, double> buckets;  // The last one of each histogram.
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::smatch match;
    if (line.empty() || std::regex_match(line, help_line)) continue;
    if (std::regex_match(line, match, type_line)) {
      EXPECT_TRUE(result.types.emplace(match[1], match[2]).second) << "typed twice: " << line;
      continue;
    }
    if (!std::regex_match(line, match, sample_line)) {
      ADD_FAILURE() << "not of the format: " << line;
      continue;
    }
    const std::string name = match[1];
    EXPECT_NE(FamilyOf(name, result.types), "") << "has no type: " << line;
    std::string bound;
    const std::string labels = Sorted(match[2], &bound);
    const double value = std::strtod(match[3].str().c_str(), nullptr);
    if (!bound.empty()) {
      double& last = buckets[name + "{" + labels + "}"];
      EXPECT_GE(value, last) << "a bucket is less than the one below: " << line;
      last = value;
      continue;
    }
    const std::string key = labels.empty() ? name : name + "{" + labels + "}";
    EXPECT_TRUE(result.samples.emplace(key, value).second) << "given twice: " << line;
  }
  for (const auto& [name, value] : buckets) {
    const std::string count = std::regex_replace(name, std::regex("_bucket"), "_count");
    EXPECT_EQ(value, result[count.ends_with("{}") ? count.substr(0, count.size() - 2) : count]) << name;
  }
  return result;
}

}  // namespace basin::server::observe
