#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "basin/v1/sweep_service.pb.h"
#include "client/cli/context.h"
#include "client/cli/learning_curve.h"

namespace basin::client::cli {

// The curve of one config of a sweep.
absl::StatusOr<LearningCurve> ReadCurve(api::Client& client, const v1::Sweep& sweep, uint64_t config,
                                        const std::string& metric);

// The curves of a sweep's configs, the best config first. They are read one after another: one is in memory at a time.
class CurveReader {
 public:
  // An empty metric is the objective's. INVALID_ARGUMENT for one that the sweep has not; the context outlives the
  // reader.
  static absl::StatusOr<CurveReader> Create(Context& context, const std::string& sweep, const std::string& metric);

  const v1::Sweep& sweep() const { return sweep_; }
  const std::string& metric() const { return metric_; }
  const std::vector<std::string>& param_paths() const { return param_paths_; }
  // Configs of which a trial has begun.
  uint64_t configs() const { return page_.total_rows(); }

  // Calls `visit` with each config's row of results and its curve, until it returns false. Once.
  absl::Status ForEach(
      const std::function<bool(const v1::ResultRow& row, const std::vector<LearningCurve::Point>& points)>& visit);

 private:
  CurveReader(Context& context, v1::Sweep sweep, const std::string& metric);
  absl::Status CheckMetric() const;
  absl::Status ReadPage(const std::string& token);

  Context* context_;
  v1::Sweep sweep_;
  std::string metric_;
  std::vector<std::string> param_paths_;
  v1::ListResultsResponse page_;
};

}  // namespace basin::client::cli
