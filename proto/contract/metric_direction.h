#pragma once

#include <string_view>

namespace basin::contract {

// Whether more of a metric is better: true of accuracies; of all others (losses, norms, times) less is.
inline bool HigherIsBetter(std::string_view metric) { return metric.ends_with("accuracy"); }

}  // namespace basin::contract
