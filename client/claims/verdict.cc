#include "client/claims/verdict.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/claims/field_names.h"
#include "client/format/human.h"

namespace basin::client::claims {
namespace {

using format::HumanReal;

constexpr double kAlpha = 0.05;

// The values of both sides where both have one.
struct Pairs {
  std::vector<double> a, b;
  std::vector<size_t> seeds;  // Each pair's, as the resampling takes them together.
  uint64_t left_out = 0;

  void Add(double x, double y, size_t seed, bool logarithms) {
    const bool counts = std::isfinite(x) && std::isfinite(y) && (!logarithms || (x > 0 && y > 0));
    if (!counts) {
      ++left_out;
      return;
    }
    a.push_back(x), b.push_back(y), seeds.push_back(seed);
  }
};

// The bootstrap of a statistic of two sides' values over the seeds that have any.
std::optional<Estimate> OverSeeds(const Pairs& pairs, double (*of)(std::span<const double>, std::span<const double>),
                                  double alpha) {
  std::map<size_t, std::vector<size_t>> by_seed;
  for (size_t i = 0; i < pairs.seeds.size(); ++i) by_seed[pairs.seeds[i]].push_back(i);
  std::vector<std::vector<size_t>> units;
  for (auto& [seed, members] : by_seed) units.push_back(std::move(members));
  const auto statistic = [&](std::span<const size_t> sample) {
    std::vector<double> a, b;
    for (const size_t unit : sample) {
      for (const size_t i : units[unit]) a.push_back(pairs.a[i]), b.push_back(pairs.b[i]);
    }
    return of(a, b);
  };
  return Bootstrap(units.size(), statistic, alpha);
}

// Whether all values are shares of one trial: 0 or 1.
bool AreShares(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return value == 0 || value == 1; });
}

// log(std of a / std of b).
double LogSpreadRatio(std::span<const double> a, std::span<const double> b) {
  const contract::Aggregate of_a = contract::Summarize(a), of_b = contract::Summarize(b);
  return std::log(of_a.std.value_or(0)) - std::log(of_b.std.value_or(0));
}

// On the scale where nothing is zero: a difference, the logarithm of a ratio, a correlation.
std::optional<Estimate> Interval(const Test& test, const Pairs& pairs, double alpha) {
  switch (test.measure) {
    case Measure::kSpread:
      return OverSeeds(pairs, LogSpreadRatio, alpha);
    case Measure::kRankCorrelation:
      return OverSeeds(pairs, RankCorrelation, alpha);
    case Measure::kDifference:
    case Measure::kRatio:
      break;
  }
  std::vector<double> differences;
  for (size_t i = 0; i < pairs.a.size(); ++i) {
    differences.push_back(test.measure == Measure::kRatio ? std::log(pairs.a[i]) - std::log(pairs.b[i])
                                                          : pairs.a[i] - pairs.b[i]);
  }
  const std::optional<Estimate> interval = MeanInterval(differences, alpha);
  const bool shares = test.measure == Measure::kDifference && AreShares(pairs.a) && AreShares(pairs.b);
  return interval || !shares ? interval : UnanimousInterval(differences, alpha);
}

bool Logarithms(Measure measure) { return measure == Measure::kRatio || measure == Measure::kSpread; }

Estimate Shown(const Test& test, const Estimate& interval) {
  if (!Logarithms(test.measure)) return interval;
  return {std::exp(interval.value), std::exp(interval.low), std::exp(interval.high)};
}

// What stands for the side in the words of the measure: a mean, a geometric mean, a standard deviation.
std::string Summary(Measure measure, std::span<const double> values) {
  if (measure == Measure::kRatio) {
    double logarithms = 0;
    for (const double value : values) logarithms += std::log(value);
    return HumanReal(std::exp(logarithms / static_cast<double>(values.size())));
  }
  const contract::Aggregate all = contract::Summarize(values);
  const std::optional<double>& shown = measure == Measure::kSpread ? all.std : all.mean;
  return shown ? HumanReal(*shown) : "no value";
}

// " with batch_size=32", or nothing in a sweep of one config.
std::string With(const Group& group) {
  const std::string name = NameWithBest(group);
  return name.empty() ? name : " with " + name;
}

std::string Interval(const Estimate& estimate) {
  return absl::StrCat(HumanReal(estimate.value), " (", HumanReal(estimate.low), " to ", HumanReal(estimate.high), ")");
}

const char* Unit(Measure measure) {
  switch (measure) {
    case Measure::kDifference:
      return "difference ";
    case Measure::kRatio:
      return "ratio ";
    case Measure::kSpread:
      return "ratio of standard deviations ";
    case Measure::kRankCorrelation:
      return "rank correlation ";
  }
  return "";
}

bool TellsApart(const Estimate& interval, double null) { return interval.low > null || interval.high < null; }

// Where the expectation parts from the opposite, on the scale of Interval.
double Border(const Test& test, bool lower_is_better) {
  if (test.expect.kind != Expectation::Kind::kNoWorse) return 0;
  const double size = Logarithms(test.measure) ? std::log1p(test.expect.margin) : test.expect.margin;
  return lower_is_better ? size : -size;
}

// Places of seeds: those that choose configs, and those that compare the chosen ones.
std::pair<std::vector<uint64_t>, std::vector<uint64_t>> Halves(uint64_t seeds) {
  std::vector<uint64_t> even, odd;
  for (uint64_t position = 0; position < seeds; ++position) (position % 2 == 0 ? even : odd).push_back(position);
  return {even, odd};
}

TestResult EvaluateTest(const Test& test, const SweepResults& results, size_t tests) {
  const bool correlation = test.measure == Measure::kRankCorrelation;
  const bool other_metric = !test.against_metric.empty();
  const bool choice = !correlation && (ConfigsOf(results.sweep(), test.of).size() > 1 ||
                                       (!other_metric && ConfigsOf(results.sweep(), test.against).size() > 1));
  const auto [choosing, testing] = choice ? Halves(results.seeds()) : std::pair(results.AllSeeds(), results.AllSeeds());
  const Group of = GroupOf(results, test.of, test.against, choosing);
  const Group against = other_metric ? of : GroupOf(results, test.against, test.of, choosing);
  const std::string& metric_b = other_metric ? test.against_metric : test.metric;

  TestResult result;
  Pairs pairs;
  for (const uint64_t config : correlation ? of.configs : std::vector<uint64_t>{of.best}) {
    for (const uint64_t seed : testing) {
      const double b = results.Value(other_metric ? config : against.best, seed, metric_b);
      pairs.Add(results.Value(config, seed, test.metric), b, seed, test.measure == Measure::kRatio);
    }
  }
  result.chosen_by = choice ? choosing.size() : 0;
  result.pairs = pairs.a.size();
  result.left_out = pairs.left_out;

  const std::string what = test.measure == Measure::kSpread ? "standard deviation of " : "";
  if (correlation) {
    result.finding = absl::StrCat(test.metric, " and ", metric_b, " over ", format::Count(result.pairs, "trial"));
  } else if (other_metric) {
    result.finding = absl::StrCat(what, test.metric, " ", Summary(test.measure, pairs.a), ", ", metric_b, " ",
                                  Summary(test.measure, pairs.b), With(of));
  } else {
    result.finding = absl::StrCat(what, test.metric, " ", Summary(test.measure, pairs.a), With(of), ", ",
                                  Summary(test.measure, pairs.b), With(against));
  }
  const bool lower_is_better = LowerIsBetter(results.sweep().spec, test.metric);
  const std::optional<Estimate> ordinary = Interval(test, pairs, kAlpha);
  const std::optional<Estimate> judged = Interval(test, pairs, kAlpha / static_cast<double>(tests));
  if (!ordinary || !judged) {
    absl::StrAppend(&result.finding, "; too few values, or too equal ones, for an interval");
  } else {
    result.estimate = Shown(test, *ordinary);
    absl::StrAppend(&result.finding, "; ", Unit(test.measure), Interval(*result.estimate), ", ",
                    correlation ? format::Count(results.seeds(), "seed") : format::Count(result.pairs, "seed"),
                    choice ? absl::StrCat(", others than the ", result.chosen_by, " that chose the configs") : "");
    Expectation expect = test.expect;
    const double border = Border(test, lower_is_better);
    expect.margin = std::abs(border);
    result.outcome = Judge(expect, *judged, lower_is_better);
    if (TellsApart(*ordinary, border) && !TellsApart(*judged, border)) {
      absl::StrAppend(&result.finding, "; told apart alone, but not among ", tests, " tests");
    }
  }
  if (result.left_out > 0) {
    absl::StrAppend(&result.finding, "; ", format::Count(result.left_out, correlation ? "trial" : "seed"),
                    " without a value ", test.measure == Measure::kRatio ? "above 0 " : "", "on both sides left out");
  }
  return result;
}

}  // namespace

std::string Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHolds:
      return "holds";
    case Outcome::kOpposite:
      return "the opposite";
    case Outcome::kNotToldApart:
      break;
  }
  return "not told apart";
}

std::string Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "Holds";
    case Verdict::kInPart:
      return "In part";
    case Verdict::kNotHere:
      break;
  }
  return "Not here";
}

Outcome Judge(const Expectation& expect, const Estimate& interval, bool lower_is_better) {
  switch (expect.kind) {
    case Expectation::Kind::kLower:
      if (interval.high < 0) return Outcome::kHolds;
      return interval.low > 0 ? Outcome::kOpposite : Outcome::kNotToldApart;
    case Expectation::Kind::kHigher:
      if (interval.low > 0) return Outcome::kHolds;
      return interval.high < 0 ? Outcome::kOpposite : Outcome::kNotToldApart;
    case Expectation::Kind::kNoWorse:
      break;
  }
  const double best = lower_is_better ? interval.low : -interval.high;
  const double worst = lower_is_better ? interval.high : -interval.low;
  if (worst < expect.margin) return Outcome::kHolds;
  return best > expect.margin ? Outcome::kOpposite : Outcome::kNotToldApart;
}

ClaimResult Evaluate(const Claim& claim, const std::vector<const SweepResults*>& results) {
  ClaimResult result;
  size_t holding = 0;
  for (const Test& test : claim.tests) {
    result.tests.push_back(EvaluateTest(test, *results[test.sweep], claim.tests.size()));
    if (result.tests.back().outcome == Outcome::kHolds) ++holding;
  }
  if (holding == claim.tests.size() && holding > 0) {
    result.verdict = Verdict::kHolds;
  } else if (holding > 0) {
    result.verdict = Verdict::kInPart;
  }
  return result;
}

}  // namespace basin::client::claims
