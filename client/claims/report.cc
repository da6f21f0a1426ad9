#include "client/claims/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/format/svg.h"

namespace basin::client::claims {
namespace {

using format::Escaped;

constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --text: #1d2126; --soft: #5b636e; --back: #f6f7f9; --card: #fff; --line: #dfe3e8;
        --holds: #0a7a55; --part: #9a6200; --not: #b3401a; --grid: #e4e4e4; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e3e6ea; --soft: #a0a8b3; --back: #14171b; --card: #1c2026; --line: #333a43; --holds: #4cc796;
          --part: #e2b04a; --not: #f08a63; --grid: #333a43; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.2rem 4rem; max-width: 1240px; background: var(--back); color: var(--text);
       font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 0.4rem; }
h2 { font-size: 1.2rem; line-height: 1.35; margin: 0; }
h3 { font-size: 1rem; font-weight: 600; margin: 1.4rem 0 0.2rem; }
p { margin: 0.5rem 0; max-width: 75ch; }
.soft { color: var(--soft); }
a { color: inherit; text-decoration-color: var(--soft); }
section, nav { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.2rem 1.4rem;
               margin: 1.2rem 0; }
.head { display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; }
.badge { white-space: nowrap; font-weight: 600; font-size: 0.85rem; border: 1.5px solid; border-radius: 99px;
         padding: 0.05rem 0.7rem; }
.holds { color: var(--holds); } .part { color: var(--part); } .not { color: var(--not); }
table { border-collapse: collapse; width: 100%; margin: 0.8rem 0; }
th { text-align: left; font-weight: 600; font-size: 0.85rem; color: var(--soft); }
td, th { padding: 0.45rem 0.8rem 0.45rem 0; border-top: 1px solid var(--line); vertical-align: top;
         overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
tr:first-child > th, nav tr:first-child > td { border-top: 0; }
td.outcome { white-space: nowrap; font-weight: 600; }
nav td:first-child { width: 2.2rem; color: var(--soft); } nav td:last-child { text-align: right; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1rem; }
.drawing { margin: 1.2rem 0; }
.drawing svg { width: 100%; height: auto; display: block; max-width: 940px; }
/* The drawings' own colors are for white paper. */
.drawing svg > rect[fill="white"] { fill: transparent; }
.drawing svg[fill="#222"] { fill: var(--text); }
.drawing text[fill="#666"] { fill: var(--soft); }
.drawing [stroke="#e4e4e4"] { stroke: var(--grid); }
.drawing [stroke="#000000"] { stroke: var(--text); }
.drawing text[stroke="white"] { fill: #222; }
@media (prefers-color-scheme: dark) {
  .drawing [fill="#0072b2"] { fill: #3d9fdb; }
  .drawing [stroke="#0072b2"] { stroke: #3d9fdb; }
}
.drawing g path:hover { stroke-width: 3.5; }
details { margin: 0.5rem 0 0; border-top: 1px solid var(--line); padding-top: 0.5rem; }
summary { cursor: pointer; color: var(--soft); }
pre { margin: 0.6rem 0 0; padding: 0.8rem 1rem; overflow-x: auto; background: var(--back); border-radius: 8px;
      font: 12.5px/1.5 ui-monospace, monospace; }
@media print { section { break-inside: auto; } tr, .drawing { break-inside: avoid; } }
)css";

constexpr char kMethod[] =
    "Each claim is tested by sweeps that anybody can run; each test compares two sides seed by seed. Where a side has "
    "several configs, the one with the best mean objective stands for it, so that each side has its own best learning "
    "rate; it is chosen by every second seed, and the others compare. A difference or ratio is the mean over the "
    "seeds, with its 95% interval by Student&#39;s t; the intervals "
    "of "
    "ratios of standard deviations and of rank correlations are BCa intervals over 10,000 samples of seeds. Of a claim "
    "with m tests each is judged by its interval of 1 &minus; 0.05 / m (Bonferroni). A claim <b>holds</b> if all of "
    "its "
    "tests hold, <b>in part</b> if some do, and <b>not here</b> if none does. The data are small: what holds here need "
    "not hold for a large network, nor the reverse.";

const char* ClassOf(Verdict verdict) {
  return verdict == Verdict::kHolds ? "holds" : verdict == Verdict::kInPart ? "part" : "not";
}
const char* ClassOf(Outcome outcome) {
  return outcome == Outcome::kHolds ? "holds" : outcome == Outcome::kOpposite ? "not" : "part";
}

std::string Badge(Verdict verdict) {
  return absl::StrCat("<span class=\"badge ", ClassOf(verdict), "\">", Name(verdict), "</span>");
}

// A text of several lines, each escaped.
std::string Preformatted(const std::string& text) {
  std::string out = "<pre>";
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    out += Escaped(std::string_view(line.data(), line.size())) + "\n";
  }
  return out + "</pre>\n";
}

class Page {
 public:
  std::string Of(const Report& report) {
    out_ = absl::StrCat(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>What is said of gradient descent</title>\n<style>",
        kStyle,
        "</style>\n</head>\n<body>\n<h1>What is said of gradient descent, and what came out</h1>\n<p class=\"soft\">",
        Escaped(report.made), "</p>\n<p>", kMethod, "</p>\n");
    Contents(report);
    for (const ReportClaim& claim : report.claims) Section(claim);
    return out_ + "</body>\n</html>\n";
  }

 private:
  void Contents(const Report& report) {
    out_ += "<nav>\n<table>\n";
    for (const ReportClaim& item : report.claims) {
      absl::StrAppend(&out_, "<tr><td>", item.claim->number, "</td><td><a href=\"#claim-", item.claim->number, "\">",
                      Escaped(item.claim->sentence), "</a></td><td>", Badge(item.result.verdict), "</td></tr>\n");
    }
    out_ += "</table>\n</nav>\n";
  }

  void Section(const ReportClaim& item) {
    const Claim& claim = *item.claim;
    absl::StrAppend(&out_, "<section id=\"claim-", claim.number, "\">\n<div class=\"head\"><h2>", claim.number, ". ",
                    Escaped(claim.sentence), "</h2>", Badge(item.result.verdict), "</div>\n");
    if (!claim.remark.empty()) absl::StrAppend(&out_, "<p class=\"soft\">", Escaped(claim.remark), "</p>\n");
    out_ += "<table>\n<tr><th>Expected</th><th>Found, with 95% intervals</th><th></th></tr>\n";
    for (size_t i = 0; i < claim.tests.size(); ++i) {
      const TestResult& test = item.result.tests[i];
      absl::StrAppend(&out_, "<tr><td>", Escaped(claim.tests[i].says), "</td><td>", Escaped(test.finding),
                      "</td><td class=\"outcome ", ClassOf(test.outcome), "\">", Name(test.outcome), "</td></tr>\n");
    }
    out_ += "</table>\n";
    for (const Drawing& drawing : item.drawings) {
      if (drawing.svgs.size() > 1) absl::StrAppend(&out_, "<h3>", Escaped(drawing.title), "</h3>\n");
      absl::StrAppend(&out_, "<div class=\"drawing", drawing.svgs.size() > 1 ? " side" : "", "\">\n");
      for (const std::string& svg : drawing.svgs) absl::StrAppend(&out_, "<div>", Inline(svg), "</div>\n");
      out_ += "</div>\n";
    }
    for (size_t i = 0; i < claim.sweeps.size(); ++i) {
      absl::StrAppend(&out_, "<details><summary>", Escaped(claim.sweeps[i].file), ": ", Escaped(item.sizes[i]),
                      "</summary>\n", Preformatted(claim.sweeps[i].text), "</details>\n");
    }
    out_ += "</section>\n";
  }

  // Names of parts are of one drawing, but would be the page's.
  std::string Inline(const std::string& svg) {
    const std::string mine = absl::StrCat("-", ++drawings_);
    std::string out = svg;
    for (const char* name : {"plot", "gap"}) {
      out = absl::StrReplaceAll(out, {{absl::StrCat("id=\"", name, "\""), absl::StrCat("id=\"", name, mine, "\"")},
                                      {absl::StrCat("url(#", name, ")"), absl::StrCat("url(#", name, mine, ")")}});
    }
    return out;
  }

  std::string out_;
  int drawings_ = 0;
};

}  // namespace

std::string HtmlOf(const Report& report) { return Page().Of(report); }

}  // namespace basin::client::claims
