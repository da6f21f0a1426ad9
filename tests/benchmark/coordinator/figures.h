#pragma once

#include <string>
#include <vector>

namespace basin::benchmark {

// One measured quantity: the median of its repetitions is what counts.
struct Figure {
  std::string name;
  std::string unit;
  std::vector<double> values;  // One a repetition; at least one.
  std::string asked;           // What the project asks for, as text; empty for nothing.
  std::string note;            // How it was measured, where the name does not say it.
};

double Median(std::vector<double> values);
// The value that `share` of all stay below or at. REQUIRES: values are not empty.
double Quantile(std::vector<double> values, double share);

// A table, or one JSON object, with the machine and the build; to stdout.
void Print(const std::vector<Figure>& figures, bool as_json);

}  // namespace basin::benchmark
