#include "tests/benchmark/bench_model.h"

#include <sstream>
#include <vector>

#include "proto/contract/defaults.h"

namespace basin::benchmark {
namespace {

// Positive numbers between separators; null if there is anything else.
std::optional<std::vector<int32_t>> Numbers(const std::string& text, char separator) {
  std::vector<int32_t> numbers;
  std::istringstream rest(text);
  std::string number;
  while (std::getline(rest, number, separator)) {
    if (number.empty() || number.size() > 6 || number.find_first_not_of("0123456789") != std::string::npos) return {};
    numbers.push_back(std::stoi(number));
    if (numbers.back() < 1) return {};
  }
  return numbers;
}

void AddConvolutions(const std::vector<int32_t>& filters, v1::Sequential* sequential) {
  for (const int32_t count : filters) {
    v1::Conv2d* conv = sequential->add_layers()->mutable_conv2d();
    conv->set_filters(static_cast<uint32_t>(count));
    conv->set_kernel(3);
    sequential->add_layers()->mutable_relu();
    sequential->add_layers()->mutable_max_pool();
  }
}

}  // namespace

std::optional<BenchModel> BenchModel::Parse(const std::string& text) {
  const size_t colon = text.find(':'), dash = text.find('-');
  if (colon == std::string::npos || dash == std::string::npos || dash < colon) return {};
  const std::string kind = text.substr(0, colon);
  const auto input = Numbers(text.substr(colon + 1, dash - colon - 1), 'x');
  auto units = Numbers(text.substr(dash + 1), '-');
  if (!input || !units || units->empty()) return {};
  BenchModel result;
  result.classes = units->back();
  units->pop_back();
  result.model.set_initialization(v1::INITIALIZATION_HE);
  if (kind == "mlp" || kind == "softmax") {
    if (input->size() != 1 || units->empty() != (kind == "softmax")) return {};
    result.features = input->front();
    if (kind == "softmax") result.model.mutable_softmax_regression();
    for (const int32_t count : *units) result.model.mutable_mlp()->add_hidden(static_cast<uint32_t>(count));
  } else {
    if (input->size() != 3) return {};
    result.image = {(*input)[0], (*input)[1], (*input)[2]};
    result.features = static_cast<int32_t>(result.image.size());
    if (kind == "conv" && !units->empty()) {
      AddConvolutions(*units, result.model.mutable_sequential());
    } else if (const auto depth = Numbers(kind.substr(kind.rfind('t') + 1), '-');
               kind.rfind("resnet", 0) == 0 && depth && depth->size() == 1 && units->empty()) {
      result.model.mutable_resnet()->set_depth(static_cast<uint32_t>(depth->front()));
    } else {
      return {};
    }
  }
  contract::FillDefaults(&result.model);
  return result;
}

double FlopsPerExample(const worker::train::NetworkShape& shape) {
  double flops = 0;
  for (const worker::train::Node& node : shape.nodes) {
    if (!node.has_weights()) continue;
    const bool passes_on = shape.nodes[static_cast<size_t>(node.inputs[0])].needs_delta;
    flops +=
        (passes_on ? 6.0 : 4.0) * static_cast<double>(node.output.pixels() * node.weight_rows) * node.output.channels;
  }
  return flops;
}

}  // namespace basin::benchmark
