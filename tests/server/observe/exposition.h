#pragma once

#include <map>
#include <string>

namespace basin::server::observe {

// A scrape, read as Prometheus reads it.
struct Exposition {
  std::map<std::string, std::string> types;  // Family -> counter, gauge, histogram.
  std::map<std::string, double> samples;     // `name{a="b",c="d"}`, labels in order -> value.

  // 0 if there is no such sample.
  double operator[](const std::string& sample) const;
};

// Fails the test at a line that is none of the format, a sample without its family's type, a sample given twice, and a
// histogram whose buckets do not grow up to its count.
Exposition ParseExposition(const std::string& text);

}  // namespace basin::server::observe
