#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "client/claims/claim.h"
#include "client/claims/report.h"
#include "client/claims/sweep_results.h"
#include "client/cli/context.h"
#include "client/cli/local_sweep.h"

namespace basin::client::cli {

// The sweeps of claims after they ran, and what was read of them.
class ClaimRuns {
 public:
  // Runs each sweep of the claims once, though several may name it, and reads what its trials ended with. The claims
  // and the context outlive the answer.
  static absl::StatusOr<ClaimRuns> Create(Context& context, const std::vector<claims::Claim>& claims,
                                          const RunLocalSweep& run);

  const std::map<std::string, v1::Sweep>& sweeps() const { return sweeps_; }  // By file.
  // Judged and drawn.
  absl::StatusOr<claims::ReportClaim> Report(const claims::Claim& claim) const;

 private:
  explicit ClaimRuns(Context& context) : context_(&context) {}
  absl::Status Read(const claims::ClaimSweep& sweep, bool epochs);
  absl::StatusOr<std::vector<std::string>> Curves(const claims::Picture& picture, const claims::ClaimSweep& of) const;

  Context* context_;
  std::map<std::string, v1::Sweep> sweeps_;
  std::map<std::string, claims::SweepResults> results_;
};

}  // namespace basin::client::cli
