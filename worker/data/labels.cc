#include "worker/data/labels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {

absl::Status LabelOutOfRange(const LabelPlaces& places, size_t example, int64_t label, const std::string& why) {
  return Damaged(places.file, absl::StrCat("label ", label, " of example ", example, " (byte ",
                                           places.first + example * places.step, ") is out of range: ", why));
}

absl::StatusOr<int32_t> CountClasses(const LabelPlaces& places, const std::vector<int32_t>& labels) {
  std::vector<bool> seen(kMaxClasses, false);
  for (const int32_t label : labels) {
    if (label < kMaxClasses) seen[static_cast<size_t>(label)] = true;
  }
  int32_t classes = 1;
  while (classes < kMaxClasses && seen[static_cast<size_t>(classes)]) ++classes;
  const auto beyond = std::find_if(labels.begin(), labels.end(), [&](int32_t label) { return label >= classes; });
  if (beyond != labels.end()) {
    return LabelOutOfRange(places, static_cast<size_t>(beyond - labels.begin()), *beyond,
                           classes == kMaxClasses ? absl::StrCat("there may be ", kMaxClasses, " classes")
                                                  : absl::StrCat("no example has the label ", classes));
  }
  if (classes < 2) return Damaged(places.file, "has one class only");
  return classes;
}

absl::Status CheckTestLabels(const LabelPlaces& places, const std::vector<int32_t>& labels, int32_t classes) {
  const auto beyond = std::find_if(labels.begin(), labels.end(), [&](int32_t label) { return label >= classes; });
  if (beyond == labels.end()) return absl::OkStatus();
  return LabelOutOfRange(places, static_cast<size_t>(beyond - labels.begin()), *beyond,
                         absl::StrCat("the training labels are 0 to ", classes - 1));
}

}  // namespace basin::worker::data
