#include "client/cli/number_check.h"

#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

// The value goes to the option's variable as it stands.
CLI::Validator Check(std::function<std::string(const std::string&)> fault) {
  return CLI::Validator(
      [fault = std::move(fault)](std::string& text) {
        const std::string words = fault(text);
        return words.empty() ? words : absl::StrCat("must be ", words, ", is ", text.empty() ? "empty" : text);
      },
      "");
}

}  // namespace

CLI::Validator WholeNumber(uint64_t low, uint64_t high) {
  return Check([=](const std::string& text) -> std::string {
    const std::string digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return "a whole number";
    uint64_t value = 0;
    const bool below = text.starts_with('-') && digits.find_first_not_of('0') != std::string::npos;
    const bool above = !absl::SimpleAtoi(digits, &value) || value > high;
    if (below || (!above && value < low)) return absl::StrCat("at least ", low);
    return above ? absl::StrCat("at most ", high) : "";
  });
}

CLI::Validator RealNumber(double low, double high) {
  return Check([=](const std::string& text) -> std::string {
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return "a number";
    if (value < low) return "at least " + format::HumanReal(low);
    return value > high ? "at most " + format::HumanReal(high) : "";
  });
}

CLI::Validator PositiveNumber(double high) {
  return Check([=](const std::string& text) -> std::string {
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return "a number";
    if (!(value > 0)) return "above 0";
    return value > high ? "at most " + format::HumanReal(high) : "";
  });
}

}  // namespace basin::client::cli
