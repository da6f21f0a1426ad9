#include <zlib.h>

#include <cstdint>
#include <limits>
#include <regex>
#include <string>

#include "client/format/packed_plotly.h"
#include "client/format/surface_chart.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

SurfaceChart SmallChart() {
  return {.title = "a <surface> & more",
          .x_label = "alpha",
          .y_label = "beta",
          .z_label = "test loss",
          .xs = {0, 1, 2},
          .ys = {0, 0.5},
          .zs = {0.25, 1, 2, 3, 4, 5}};
}

// What the element of the page with this beginning holds.
std::string Between(const std::string& page, const std::string& begin, const std::string& end) {
  const size_t at = page.find(begin);
  if (at == std::string::npos) return "";
  const size_t from = at + begin.size();
  return page.substr(from, page.find(end, from) - from);
}

std::string DataOf(const std::string& page) {
  return Between(page, "<script type=\"application/json\" id=\"surface\">", "</script>");
}

std::string WithoutLibrary(std::string page) {
  const size_t begin = page.find(kPackedPlotly.packed);
  return begin == std::string::npos ? page : page.erase(begin, kPackedPlotly.packed.size());
}

int CountOf(const std::string& text, const std::string& piece) {
  int count = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

std::string Unpacked(std::string_view base64) {
  std::string bytes;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : base64) {
    if (c == '=') break;
    const std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
    if ((have += 6) < 8) continue;
    have -= 8;
    bytes += static_cast<char>(bits >> have & 0xFF);
  }
  std::string text(20'000'000, 0);
  uLongf size = text.size();
  if (uncompress(reinterpret_cast<Bytef*>(text.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                 bytes.size()) != Z_OK) {
    return "cannot be unpacked";
  }
  text.resize(size);
  return text;
}

TEST(SurfacePageTest, HoldsTheValuesRowByRow) {
  EXPECT_THAT(DataOf(HtmlOf(SmallChart())), AllOf(HasSubstr("\"xs\":[0,1,2]"), HasSubstr("\"ys\":[0,0.5]"),
                                                  HasSubstr("\"zs\":[[0.25,1,2],\n[3,4,5]]")));
}

TEST(SurfacePageTest, WhatIsNotShownIsNull) {
  SurfaceChart chart = SmallChart();
  chart.zs = {kNan, 1, kInfinity, -kInfinity, 4, 1e301};
  const std::string data = DataOf(HtmlOf(chart));
  EXPECT_THAT(data, AllOf(HasSubstr("\"zs\":[[null,1,null],\n[null,4,null]]"), Not(HasSubstr("NaN")),
                          Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST(SurfacePageTest, TextCannotEndTheScript) {
  SurfaceChart chart = SmallChart();
  chart.x_label = "</script><script>alert(1)</script>";
  chart.marks = {{1, 0.1, "<!-- \"quoted\" \\"}};
  const std::string data = DataOf(HtmlOf(chart));
  EXPECT_THAT(data, AllOf(HasSubstr("\"x_label\":\"\\u003c/script>\\u003cscript>alert(1)\\u003c/script>\""),
                          HasSubstr("\"name\":\"\\u003c!-- \\\"quoted\\\" \\\\\"")));
  EXPECT_EQ(CountOf(HtmlOf(chart), "<script"), 3) << "data, library, program";
}

TEST(SurfacePageTest, TextIsEscaped) {
  EXPECT_THAT(WithoutLibrary(HtmlOf(SmallChart())),
              AllOf(HasSubstr("<title>a &lt;surface&gt; &amp; more</title>"),
                    HasSubstr("<h1>a &lt;surface&gt; &amp; more</h1>"), Not(HasSubstr("<surface>"))));
}

TEST(SurfacePageTest, HasTheContourMapForABrowserThatCannotUnpack) {
  EXPECT_THAT(HtmlOf(SmallChart()), HasSubstr(SvgOf(SmallChart())));
}

TEST(SurfacePageTest, ContourLinesComeWithTheirLevel) {
  SurfaceChart chart = SmallChart();
  chart.zs = {0, 1, 2, 0, 1, 2};
  EXPECT_THAT(DataOf(HtmlOf(chart)), HasSubstr("{\"level\":1.6,\"x\":[1.6,1.6],\"y\":[0.5,0]}"));
}

TEST(SurfacePageTest, ThePathLiesOnTheSurface) {
  SurfaceChart chart = SmallChart();
  chart.path = {{0.5, 0.25, "epoch 1"}, {7, 7, "far"}};
  EXPECT_THAT(DataOf(HtmlOf(chart)), AllOf(HasSubstr("{\"x\":0.5,\"y\":0.25,\"height\":2.0625,\"name\":\"epoch 1\"}"),
                                           HasSubstr("{\"x\":7,\"y\":7,\"height\":null,\"name\":\"far\"}")));
}

TEST(SurfacePageTest, LoadsNothingFromElsewhere) {
  const std::string page = WithoutLibrary(HtmlOf(SmallChart()));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("src=")), Not(HasSubstr("href")), Not(HasSubstr("@import")),
                          Not(HasSubstr("fetch(")), Not(HasSubstr("import("))));
  // A name space is no address.
  EXPECT_EQ(CountOf(page, "http"), CountOf(page, "xmlns=\"http://www.w3.org/2000/svg\""));
}

TEST(SurfacePageTest, IsAFewMegabytes) {
  const std::string page = HtmlOf(SmallChart());
  EXPECT_GT(page.size(), 1'000'000u);
  EXPECT_LT(page.size(), 3'500'000u);
}

TEST(SurfacePageTest, HasTheLicenseOfTheLibraryToRead) {
  const std::string comment = Between(HtmlOf(SmallChart()), "<!--\n", "-->");
  EXPECT_THAT(comment, AllOf(HasSubstr("plotly.js v2"), HasSubstr("Plotly, Inc."),
                             HasSubstr("Permission is hereby granted, free of charge")));
}

TEST(PackedPlotlyTest, UnpacksToTheLibraryWithTheTracesOfThePage) {
  const std::string script = Unpacked(kPackedPlotly.packed);
  EXPECT_THAT(script.substr(0, 1000), AllOf(StartsWith("/*"), HasSubstr(std::string(kPackedPlotly.banner))));
  for (const char* trace : {"surface", "contour", "scatter", "scatter3d"}) {
    EXPECT_TRUE(std::regex_search(script, std::regex(std::string("name: ?['\"]") + trace + "['\"]"))) << trace;
  }
}

}  // namespace
}  // namespace basin::client::format
