#include "client/cli/param_values.h"

#include <algorithm>

#include "proto/contract/field_path.h"

namespace basin::client::cli {

std::vector<std::string> ParamValues(const contract::Space& space, const std::string& path, size_t most) {
  std::vector<std::string> values;
  const contract::Space::Digit digit = space.DigitOf(path);
  for (uint64_t d = 0; d < digit.size && values.size() < most; ++d) {
    for (const v1::Param& param : space.Params(d * digit.stride)) {
      if (param.path() != path) continue;
      std::string text = contract::FormatValue(param.value());
      if (std::find(values.begin(), values.end(), text) == values.end()) values.push_back(std::move(text));
    }
  }
  return values;
}

std::string ParamValuesText(const contract::Space& space, const std::string& path, size_t most) {
  std::vector<std::string> values = ParamValues(space, path, most + 1);
  if (values.size() > most) values[most] = "...";
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

}  // namespace basin::client::cli
