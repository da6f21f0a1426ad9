#pragma once

#include <string>
#include <vector>

#include "basin/v1/domain.pb.h"

namespace basin::client::cli {

// For each path as much of its end, in whole parts, as no other of the paths shares: `batch_size` for
// `train.batch_size`. Names that the server accepts in --by and --where.
std::vector<std::string> ShortNames(const std::vector<std::string>& paths);

// `batch_size=16 schedule=cosine`.
std::string ParamsText(const std::vector<v1::Param>& params, const std::vector<std::string>& all_paths);

// The pieces of a comma-separated list; a comma inside brackets, as in `schedule=sgdr(a=1, b=2)`, does not part.
std::vector<std::string> SplitList(const std::string& text);

}  // namespace basin::client::cli
