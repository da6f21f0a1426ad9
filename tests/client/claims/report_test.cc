#include "client/claims/report.h"

#include <regex>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/claims/small_claim.h"

namespace basin::client::claims {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    claim_ = ClaimOf({"{says: <b>more</b>, of: {batch_size: 16}, against: {batch_size: full}, expect: lower}"});
    claim_.sentence = "A < B & <script>alert(1)</script>";
    claim_.remark = "<i>remark</i>";
    claim_.sweeps[0].text = "name: <u>small</u>\nseeds: 6\n";
    TestResult test;
    test.outcome = Outcome::kHolds;
    test.finding = "val_loss <s>0.1</s>";
    item_ = {.claim = &claim_,
             .result = {.verdict = Verdict::kHolds, .tests = {test}},
             .drawings = {},
             .sizes = {"4 configs, <em>fast</em>"}};
  }
  std::string Html() const { return HtmlOf({.claims = {item_}, .made = "Made <here>."}); }

  Claim claim_;
  ReportClaim item_;
};

TEST_F(ReportTest, HasTheClaimItsVerdictItsFindingsAndItsSweep) {
  EXPECT_THAT(Html(), AllOf(HasSubstr(">Holds</span>"), HasSubstr(">holds</td>"), HasSubstr("val_loss"),
                            HasSubstr("small.yaml"), HasSubstr("seeds: 6\n")));
  item_.result.verdict = Verdict::kNotHere;
  item_.result.tests[0].outcome = Outcome::kOpposite;
  EXPECT_THAT(Html(),
              AllOf(HasSubstr(">Not here</span>"), HasSubstr(">the opposite</td>"), Not(HasSubstr(">Holds</span>"))));
}

TEST_F(ReportTest, EveryTextIsEscaped) {
  const std::string html = Html();
  for (const char* tag : {"<b>more", "<script", "<i>remark", "<u>", "<s>", "<em>", "<here>"}) {
    EXPECT_THAT(html, Not(HasSubstr(tag)));
  }
  EXPECT_THAT(html, HasSubstr("A &lt; B &amp; &lt;script&gt;"));
}

TEST_F(ReportTest, LoadsNothing) {
  item_.drawings = {{"", {"<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"}}};
  const std::string html = Html();
  const std::regex loads(
      R"((src|href|xlink:href|data|action)\s*=\s*["']?\s*(https?:|//)|url\(\s*["']?(https?:|//)|@import|<link|<script|<iframe)");
  EXPECT_FALSE(std::regex_search(html, loads));
  // What the test looks for is what it would find.
  EXPECT_TRUE(std::regex_search(std::string("<img src=\"http://a/b.png\">"), loads));
}

TEST_F(ReportTest, PartsOfDrawingsHaveNamesOfTheirOwn) {
  const std::string svg = "<svg><clipPath id=\"plot\"></clipPath><g clip-path=\"url(#plot)\"></g></svg>";
  item_.drawings = {{"two", {svg, svg}}};
  EXPECT_THAT(Html(), AllOf(HasSubstr("id=\"plot-1\""), HasSubstr("url(#plot-1)"), HasSubstr("id=\"plot-2\""),
                            HasSubstr("url(#plot-2)"), Not(HasSubstr("id=\"plot\"")), HasSubstr(">two</h3>")));
}

}  // namespace
}  // namespace basin::client::claims
