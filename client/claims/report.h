#pragma once

#include <string>
#include <vector>

#include "client/claims/claim.h"
#include "client/claims/verdict.h"

namespace basin::client::claims {

struct Drawing {
  std::string title;
  std::vector<std::string> svgs;  // Beside each other.
};

struct ReportClaim {
  const Claim* claim = nullptr;
  ClaimResult result;
  std::vector<Drawing> drawings;
  std::vector<std::string> sizes;  // Of each sweep: "10 configs x 100 seeds = 1000 trials, 3.2s".
};

struct Report {
  std::vector<ReportClaim> claims;
  std::string made;  // Where, when and how long, in a sentence.
};

// One page that loads nothing and runs nothing, light or dark as the browser prefers.
std::string HtmlOf(const Report& report);

}  // namespace basin::client::claims
