#include "client/cli/trial_name.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace basin::client::cli {

absl::StatusOr<TrialName> ParseTrialName(const std::string& text) {
  TrialName name;
  const size_t slash = text.find('/');
  name.sweep = text.substr(0, slash);
  uint64_t index = 0;
  // SimpleAtoi takes signs and blanks.
  const std::string digits = slash == std::string::npos ? "0" : text.substr(slash + 1);
  const bool plain = digits.find_first_not_of("0123456789") == std::string::npos;
  if (name.sweep.empty() || !plain || !absl::SimpleAtoi(digits, &index)) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is no trial: expected SWEEP/INDEX, such as k3f9/4"));
  }
  if (slash != std::string::npos) name.index = index;
  return name;
}

}  // namespace basin::client::cli
