#include "tests/benchmark/coordinator/figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

#include "tests/benchmark/machine.h"

namespace basin::benchmark {
namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

struct Summary {
  double median, min, max;
  explicit Summary(const std::vector<double>& values)
      : median(Median(values)), min(*std::ranges::min_element(values)), max(*std::ranges::max_element(values)) {}
};

void PrintJson(const Figure& figure, bool last) {
  const Summary summary(figure.values);
  std::printf(
      "  {\"name\": %s, \"median\": %.6g, \"min\": %.6g, \"max\": %.6g, \"unit\": %s, \"repetitions\": %zu, "
      "\"asked\": %s, \"note\": %s}%s\n",
      Quoted(figure.name).c_str(), summary.median, summary.min, summary.max, Quoted(figure.unit).c_str(),
      figure.values.size(), Quoted(figure.asked).c_str(), Quoted(figure.note).c_str(), last ? "" : ",");
}

void PrintText(const Figure& figure) {
  const Summary summary(figure.values);
  std::printf("%-44s %12.5g %-10s", figure.name.c_str(), summary.median, figure.unit.c_str());
  if (figure.values.size() > 1) {
    std::printf(" (median of %zu, %.5g .. %.5g)", figure.values.size(), summary.min, summary.max);
  }
  if (!figure.asked.empty()) std::printf("  asked: %s", figure.asked.c_str());
  std::printf("\n");
  if (!figure.note.empty()) std::printf("    %s\n", figure.note.c_str());
}

}  // namespace

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

double Quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  const auto place = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(place, 1, values.size()) - 1];
}

void Print(const std::vector<Figure>& figures, bool as_json) {
  const unsigned cores = std::thread::hardware_concurrency();
  if (as_json) {
    std::printf(
        "{\"benchmark\": \"coordinator\", \"machine\": %s, \"cores\": %u, \"build\": \"%s\", \"compiler\": \"g++ "
        "%s\", \"figures\": [\n",
        Quoted(MachineName()).c_str(), cores, BASIN_BUILD_TYPE, __VERSION__);
    for (const Figure& figure : figures) PrintJson(figure, &figure == &figures.back());
    std::printf("]}\n");
    return;
  }
  for (const Figure& figure : figures) PrintText(figure);
  std::printf("machine: %s, %u cores, shared by server and load; build: %s, g++ %s\n", MachineName().c_str(), cores,
              BASIN_BUILD_TYPE, __VERSION__);
}

}  // namespace basin::benchmark
