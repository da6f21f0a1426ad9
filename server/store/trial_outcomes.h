#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/store/queries.h"
#include "server/store/reader_pool.h"

namespace basin::server::store {

// The outcomes of a sweep in the commit that `reader` sees: settled blocks from their columns, a column at a time;
// trials of other blocks from their rows, which are all read here.
absl::StatusOr<std::unique_ptr<TrialOutcomes>> ReadOutcomes(ReaderPool::Reader reader, const core::SweepId& sweep);

}  // namespace basin::server::store
